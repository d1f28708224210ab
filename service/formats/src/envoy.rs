//! The parts of an Envoy configuration that concern a module: the plugin, and the cluster that
//! leads to where it is fetched.
use crate::{
    FailurePolicy, Point,
    plan::{Code, Plan},
    server::Address,
};
use serde_json::{Value, json};

pub fn type_url(message: &str) -> String {
    format!("type.googleapis.com/{message}")
}

/// The message that holds the plugin where it runs.
pub fn message(point: Point) -> &'static str {
    match point {
        Point::Http => "envoy.extensions.filters.http.wasm.v3.Wasm",
        Point::Network => "envoy.extensions.filters.network.wasm.v3.Wasm",
        Point::Service => "envoy.extensions.wasm.v3.WasmService",
        Point::AccessLog => "envoy.extensions.access_loggers.wasm.v3.WasmAccessLog",
    }
}

/// An entry of `http_filters`, `filters`, `bootstrap_extensions` or `access_log`.
pub fn entry(plan: &Plan<'_>) -> Value {
    let name = match plan.point {
        Point::Service => "envoy.bootstrap.wasm",
        _ => &plan.name,
    };
    json!({"name": name, "typed_config": typed(plan)})
}

pub fn typed(plan: &Plan<'_>) -> Value {
    let mut typed = json!({"@type": type_url(message(plan.point))});
    if plan.point == Point::Service {
        typed["singleton"] = true.into();
    }
    typed["config"] = plugin(plan);
    typed
}

fn plugin(plan: &Plan<'_>) -> Value {
    let mut config = json!({"name": plan.name});
    if let Some(root_id) = plan.root_id {
        config["root_id"] = root_id.into();
    }
    config["vm_config"] = virtual_machine(plan);
    if let Some(given) = plan.configuration {
        // A Struct would reach the module as protobuf, not as JSON.
        let text = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
        config["configuration"] = json!({"@type": type_url("google.protobuf.StringValue"), "value": text});
    }
    config["failure_policy"] = match plan.failure {
        FailurePolicy::Closed => "FAIL_CLOSED",
        FailurePolicy::Open => "FAIL_OPEN",
        FailurePolicy::Reload => "FAIL_RELOAD",
    }
    .into();
    config
}

fn virtual_machine(plan: &Plan<'_>) -> Value {
    let mut machine = json!({});
    if let Some(id) = &plan.options.vm_id {
        machine["vm_id"] = id.as_str().into();
    }
    machine["runtime"] = "envoy.wasm.runtime.v8".into();
    if let Code::Url { url, module } = &plan.code {
        let timeout = format!("{}s", plan.options.timeout_seconds.unwrap_or(30));
        // Who has given up fetching never tries again, so it tries for about half a minute.
        let back_off = json!({"base_interval": "1s", "max_interval": "10s"});
        machine["code"] = json!({"remote": {
            "http_uri": {"uri": url, "cluster": plan.cluster(), "timeout": timeout},
            "sha256": module,
            "retry_policy": {"retry_back_off": back_off, "num_retries": 5},
        }});
    }
    if !plan.environment_keys.is_empty() {
        machine["environment_variables"] = json!({"host_env_keys": plan.environment_keys});
    }
    machine
}

/// The cluster that leads to this server.
pub fn cluster(plan: &Plan<'_>) -> Value {
    let mut cluster = cluster_to(plan.cluster(), &plan.server);
    if plan.server.tls {
        let file = plan.options.ca_file.as_deref().unwrap_or("/etc/ssl/certs/ca-certificates.crt");
        let kind = if plan.server.is_ip() { "IP_ADDRESS" } else { "DNS" };
        let same = json!([{"san_type": kind, "matcher": {"exact": plan.server.host}}]);
        let mut tls =
            json!({"@type": type_url("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext")});
        if !plan.server.is_ip() {
            tls["sni"] = plan.server.host.as_str().into();
        }
        tls["common_tls_context"] = json!({"validation_context": {
            "trusted_ca": {"filename": file}, "match_typed_subject_alt_names": same,
        }});
        cluster["transport_socket"] = json!({"name": "envoy.transport_sockets.tls", "typed_config": tls});
    }
    cluster
}

/// A cluster with one address.
pub fn cluster_to(name: &str, address: &Address) -> Value {
    let mut cluster = json!({"name": name});
    if address.is_ip() {
        cluster["type"] = "STATIC".into();
    } else {
        cluster["type"] = "LOGICAL_DNS".into();
        // Both families, tried one after the other.
        cluster["dns_lookup_family"] = "ALL".into();
    }
    cluster["connect_timeout"] = "5s".into();
    let endpoint = json!({"endpoint": {"address": address.socket()}});
    cluster["load_assignment"] = json!({"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]});
    cluster
}
