//! A filter that does nothing. It is the measuring stick: what it costs is what
//! entering the VM costs. It accepts no configuration but the empty object.

use guest::{HttpPlugin, HttpRoot};
use proxy_wasm::traits::{Context, HttpContext};
use std::rc::Rc;

guest::register!(HttpRoot::<NoOp>::default());

struct NoOp;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {}

struct Stream;

impl HttpPlugin for NoOp {
    const NAME: &'static str = "no-op";
    type Settings = Settings;

    fn check(Settings {}: Settings) -> Result<Self, String> {
        Ok(Self)
    }

    fn open(self: Rc<Self>) -> Box<dyn HttpContext> {
        Box::new(Stream)
    }
}

impl Context for Stream {}
impl HttpContext for Stream {}
