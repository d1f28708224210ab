//! Which plugin types the bytes speak for. Every SDK exports the callbacks of all types, so exports
//! count only where a whole group is missing; imports say more, and names most. Evidence, never proof.

use crate::PluginType;
use crate::facts::{Facts, NameHints};
use crate::tables::{CALLBACKS, Group};

/// Host functions that only make sense with HTTP headers at hand.
const HTTP_CALLS: [&str; 8] = [
    "proxy_get_header_map_value",
    "proxy_add_header_map_value",
    "proxy_replace_header_map_value",
    "proxy_remove_header_map_value",
    "proxy_get_header_map_pairs",
    "proxy_set_header_map_pairs",
    "proxy_get_header_map_size",
    "proxy_send_local_response",
];

const SERVICE_CALLS: [&str; 3] =
    ["proxy_set_tick_period_milliseconds", "proxy_register_shared_queue", "proxy_dequeue_shared_queue"];

pub fn types(facts: &Facts<'_>) -> Vec<PluginType> {
    let named = named(&facts.hints);
    if named.is_empty() { linked(facts) } else { named }
}

/// The traits that a Rust filter implements; it exports and imports the rest all the same.
pub fn named(hints: &NameHints) -> Vec<PluginType> {
    let mut types = Vec::new();
    if hints.http_context {
        types.push(PluginType::Http);
    }
    if hints.stream_context {
        types.push(PluginType::Network);
    }
    if types.is_empty() && hints.root_context {
        types.push(PluginType::Service);
    }
    types
}

fn linked(facts: &Facts<'_>) -> Vec<PluginType> {
    let http_exports = exports_any(facts, Group::Http);
    let network_exports = exports_any(facts, Group::Network);
    let http_calls = imports_any(facts, &HTTP_CALLS);
    let buffers = imports_any(facts, &["proxy_get_buffer_bytes", "proxy_set_buffer_bytes"]);
    let mut types = Vec::new();
    if http_exports && (http_calls || !network_exports) {
        types.push(PluginType::Http);
    }
    if network_exports && (!http_exports || (!http_calls && buffers)) {
        types.push(PluginType::Network);
    }
    let roots = exports_any(facts, Group::Root);
    let alone = !http_exports && !network_exports;
    if roots && (alone || (!http_calls && imports_any(facts, &SERVICE_CALLS))) {
        types.push(PluginType::Service);
    }
    types
}

pub fn exports_any(facts: &Facts<'_>, group: Group) -> bool {
    CALLBACKS
        .iter()
        .filter(|callback| callback.group == group)
        .any(|callback| facts.exports_function(callback.name))
}

fn imports_any(facts: &Facts<'_>, names: &[&str]) -> bool {
    facts.function_imports().any(|(import, _)| import.module == "env" && names.contains(&import.name))
}
