//! The declared plugin type against the exports. A module of the wrong type loads and does nothing,
//! so this warns; it cannot confirm a type, only contradict it.

use crate::evidence::{self, exports_any};
use crate::facts::Facts;
use crate::findings::Findings;
use crate::tables::Group;
use crate::{Declared, PluginType};

const SERVICE: [&str; 5] = [
    "proxy_on_vm_start",
    "proxy_on_configure",
    "proxy_on_tick",
    "proxy_on_queue_ready",
    "proxy_on_foreign_function",
];

pub fn check(facts: &Facts<'_>, declared: &Declared, findings: &mut Findings) {
    let Some(plugin_type) = declared.plugin_type else {
        findings
            .warning("type-undeclared", "Nobody said whether this is an http, network or service plugin.")
            .fix("Declare the type: the bytes do not tell it, and a plugin in the wrong place does nothing.");
        return;
    };
    let (supported, missing) = match plugin_type {
        PluginType::Http => (
            exports_any(facts, Group::Http),
            "none of the proxy_on_request_* and proxy_on_response_* callbacks",
        ),
        PluginType::Network => (
            exports_any(facts, Group::Network),
            "none of the callbacks for connections, such as proxy_on_new_connection and proxy_on_downstream_data",
        ),
        PluginType::Service => (
            SERVICE.iter().any(|name| facts.exports_function(name)),
            "neither proxy_on_vm_start nor proxy_on_configure, proxy_on_tick or proxy_on_queue_ready",
        ),
    };
    if !supported {
        findings
            .warning(
                "type-contradicted",
                format!(
                    "Declared as {} plugin, but the module exports {missing}: Envoy would load it and never call it.",
                    plugin_type.as_str()
                ),
            )
            .fix("Correct the declared type, or export the callbacks.");
        return;
    }
    let named = evidence::named(&facts.hints);
    if !named.is_empty() && !named.contains(&plugin_type) {
        let named: Vec<_> = named.into_iter().map(PluginType::as_str).collect();
        findings
            .warning(
                "type-contradicted",
                format!(
                    "Declared as {} plugin, but the contexts that its code implements are those of {}.",
                    plugin_type.as_str(),
                    named.join(" and ")
                ),
            )
            .fix("Correct the declared type: a plugin in the wrong place loads and does nothing.");
    }
}
