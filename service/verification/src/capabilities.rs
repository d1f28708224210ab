//! What a module may do to traffic and to its host, read off its imports: a module cannot reach
//! anything that it does not import. Ids are stable; titles are for people.

use std::collections::BTreeSet;

use crate::Capability;
use crate::facts::Facts;
use crate::tables::WASI_MODULES;

struct Known {
    id: &'static str,
    title: &'static str,
    env: &'static [&'static str],
    wasi: &'static [&'static str],
}

const fn env(id: &'static str, title: &'static str, env: &'static [&'static str]) -> Known {
    Known { id, title, env, wasi: &[] }
}

const fn wasi(id: &'static str, title: &'static str, wasi: &'static [&'static str]) -> Known {
    Known { id, title, env: &[], wasi }
}

/// Most telling first.
const KNOWN: &[Known] = &[
    env(
        "headers-read",
        "Reads headers and trailers",
        &["proxy_get_header_map_value", "proxy_get_header_map_pairs", "proxy_get_header_map_size"],
    ),
    env(
        "headers-modify",
        "Changes headers and trailers",
        &[
            "proxy_add_header_map_value",
            "proxy_replace_header_map_value",
            "proxy_remove_header_map_value",
            "proxy_set_header_map_pairs",
        ],
    ),
    env(
        "body-read",
        "Reads bodies, stream data, call responses or its own configuration",
        &["proxy_get_buffer_bytes", "proxy_get_buffer_status"],
    ),
    env("body-modify", "Changes bodies or stream data", &["proxy_set_buffer_bytes"]),
    env("local-response", "Answers requests itself", &["proxy_send_local_response"]),
    env(
        "stream-control",
        "Resumes or closes streams",
        &["proxy_continue_stream", "proxy_close_stream", "proxy_continue_request", "proxy_continue_response"],
    ),
    env("route-cache", "Makes the proxy choose the route anew", &["proxy_clear_route_cache"]),
    env("http-call", "Calls HTTP services", &["proxy_http_call"]),
    env(
        "grpc-call",
        "Calls gRPC services",
        &["proxy_grpc_call", "proxy_grpc_stream", "proxy_grpc_send", "proxy_grpc_cancel", "proxy_grpc_close"],
    ),
    env("dns", "Resolves host names", &["envoy_resolve_dns"]),
    env("foreign-function", "Calls functions of the host by name", &["proxy_call_foreign_function"]),
    env(
        "properties-read",
        "Reads properties of requests, connections and the proxy",
        &["proxy_get_property"],
    ),
    env("properties-set", "Sets properties that other filters and logs see", &["proxy_set_property"]),
    env(
        "shared-data",
        "Shares data with other modules in the proxy",
        &["proxy_get_shared_data", "proxy_set_shared_data"],
    ),
    env(
        "shared-queue",
        "Exchanges messages with other modules in the proxy",
        &[
            "proxy_register_shared_queue",
            "proxy_resolve_shared_queue",
            "proxy_dequeue_shared_queue",
            "proxy_enqueue_shared_queue",
        ],
    ),
    env("timer", "Runs on a timer", &["proxy_set_tick_period_milliseconds"]),
    env(
        "metrics",
        "Defines and records metrics",
        &["proxy_define_metric", "proxy_increment_metric", "proxy_record_metric", "proxy_get_metric"],
    ),
    env(
        "context",
        "Acts on other contexts or delays their end",
        &["proxy_set_effective_context", "proxy_done"],
    ),
    env("configuration", "Reads its configuration", &["proxy_get_configuration"]),
    env("status", "Reads the status of the last call", &["proxy_get_status"]),
    Known {
        id: "log",
        title: "Writes to the proxy's log",
        env: &["proxy_log", "proxy_get_log_level"],
        wasi: &["fd_write"],
    },
    Known {
        id: "clock",
        title: "Reads the clock",
        env: &["proxy_get_current_time_nanoseconds"],
        wasi: &["clock_time_get", "clock_res_get"],
    },
    wasi("random", "Draws random numbers", &["random_get"]),
    wasi("environment", "Reads environment variables", &["environ_get", "environ_sizes_get"]),
    wasi("arguments", "Reads program arguments (hosts give none)", &["args_get", "args_sizes_get"]),
    wasi("process-exit", "Can end its own VM", &["proc_exit"]),
    wasi("scheduling", "Yields or waits (hosts return at once)", &["sched_yield", "poll_oneoff"]),
    wasi(
        "sockets",
        "Links socket calls (hosts refuse them)",
        &["sock_accept", "sock_recv", "sock_send", "sock_shutdown"],
    ),
    wasi("files", "Links file calls (hosts refuse them)", &[]),
    env("runtime", "Support calls of its toolchain", &["pthread_equal", "emscripten_notify_memory_growth"]),
];

pub fn of(facts: &Facts<'_>) -> Vec<Capability> {
    let mut proof: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); KNOWN.len()];
    for (import, _) in facts.function_imports() {
        if let Some(place) = place(import.module, import.name) {
            proof[place].insert(import.name);
        }
    }
    KNOWN
        .iter()
        .zip(proof)
        .filter(|(_, imports)| !imports.is_empty())
        .map(|(known, imports)| Capability {
            id: known.id.to_owned(),
            title: known.title.to_owned(),
            imports: imports.into_iter().map(str::to_owned).collect(),
        })
        .collect()
}

fn place(module: &str, name: &str) -> Option<usize> {
    if module == "env" {
        return KNOWN.iter().position(|known| known.env.contains(&name));
    }
    if !WASI_MODULES.contains(&module) {
        return None;
    }
    KNOWN.iter().position(|known| known.wasi.contains(&name)).or_else(|| {
        let file = name.starts_with("fd_") || name.starts_with("path_");
        let known = crate::tables::wasi_function(name).is_some();
        if file && known { KNOWN.iter().position(|known| known.id == "files") } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::{HOST_FUNCTIONS, WASI_FUNCTIONS};

    #[test]
    fn every_function_a_host_offers_belongs_to_a_capability() {
        for function in HOST_FUNCTIONS {
            assert!(place("env", function.name).is_some(), "{}", function.name);
        }
        for function in WASI_FUNCTIONS {
            assert!(place("wasi_snapshot_preview1", function.name).is_some(), "{}", function.name);
            assert_eq!(place("wasi_unstable", function.name), place("wasi_snapshot_preview1", function.name));
        }
        assert_eq!(place("env", "fd_write"), None);
        assert_eq!(place("other", "proxy_log"), None);
    }

    #[test]
    fn ids_are_unique() {
        let ids: BTreeSet<_> = KNOWN.iter().map(|known| known.id).collect();
        assert_eq!(ids.len(), KNOWN.len());
    }
}
