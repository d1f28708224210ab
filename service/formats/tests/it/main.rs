//! The pure renderers from outside: the text of every format, and whether its readers' schemas take it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod api_server;
mod kubernetes;
mod rendered;

use serde_json::{Value, json};
use tamis_formats::{Format, Given, ModuleUrl, Options, Point, Release, Rendered, render};

pub const MODULE: &str = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";
pub const MANIFEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

pub fn release() -> Release {
    Release {
        namespace: "acme".into(),
        filter: "header_guard".into(),
        version: "1.2.0".into(),
        point: Some(Point::Http),
        root_id: Some("n".into()),
        environment_keys: vec!["REGION".into()],
        sample: Some(json!({"required": ["x-tenant"], "on": "no"})),
        schema: Some(json!({"type": "object", "properties": {"required": {"items": {"type": "string"}}}})),
        sample_fits: std::sync::OnceLock::new(),
        module: MODULE.into(),
        manifest: Some(MANIFEST.into()),
        server: "https://tamis.example.com".into(),
        module_url: Some(ModuleUrl {
            url: format!("https://tamis.example.com/modules/sha256/{MODULE}.wasm"),
            secret: None,
        }),
        stopped: None,
        public: true,
    }
}

pub fn options(given: Value) -> Options {
    serde_json::from_value::<Given>(given).unwrap().read().unwrap()
}

pub fn rendered(format: Format, release: &Release, given: Value) -> Rendered {
    render(format, release, &options(given)).unwrap()
}
