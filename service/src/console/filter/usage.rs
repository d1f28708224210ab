//! How a proxy is told to use a release: a configuration that is ready to paste, bound to the bytes. Pure.
use crate::{console::parts::escape, releases::view::ReleaseView};
use askama::filters::Safe;
use serde_json::json;
use std::fmt::Write;
use tamis_entities::value::PluginType;

/// Envoy fetches the module by itself and compares the digest. Keys are marked.
pub fn envoy(release: &ReleaseView) -> Safe<String> {
    let (kind, message) = match release.plugin_type {
        Some(PluginType::Network) => ("filters.network", "Wasm"),
        Some(PluginType::Service) => ("wasm", "WasmService"),
        _ => ("filters.http", "Wasm"),
    };
    let quoted = |text: &str| json!(text).to_string();
    let mut text = format!(
        "# {}/{} {}, pinned to its bytes\nname: {}\ntyped_config:\n  \"@type\": type.googleapis.com/envoy.extensions.{kind}.v3.{message}\n  config:\n    name: {}\n",
        release.namespace, release.filter, release.version, release.filter, release.filter
    );
    if let Some(root_id) = &release.metadata.root_id {
        let _ = writeln!(text, "    root_id: {}", quoted(root_id));
    }
    let _ = write!(
        text,
        "    vm_config:\n      runtime: envoy.wasm.runtime.v8\n      code:\n        remote:\n          http_uri:\n            uri: {}\n            cluster: tamis\n            timeout: 30s\n          sha256: {}\n",
        release.links.raw,
        release.digest.hex()
    );
    if let Some(sample) = &release.metadata.config_sample {
        let _ = write!(
            text,
            "    configuration:\n      \"@type\": type.googleapis.com/google.protobuf.StringValue\n      value: {}\n",
            quoted(&sample.to_string())
        );
    }
    coloured(&text)
}

fn coloured(text: &str) -> Safe<String> {
    let mut html = String::with_capacity(text.len() * 2);
    for line in text.lines() {
        let key = line.find(": ").or_else(|| line.strip_suffix(':').map(str::len));
        let _ = match key {
            _ if line.starts_with('#') => writeln!(html, "<span class=\"soft\">{}</span>", escape(line)),
            Some(at) => {
                writeln!(html, "<span class=\"key\">{}</span>{}", escape(&line[..at]), escape(&line[at..]))
            }
            None => writeln!(html, "{}", escape(line)),
        };
    }
    Safe(html)
}
