//! Whole files for Envoy: a static bootstrap, the parts for one that is there already, and an
//! ECDS resource with a bootstrap that reads it.
use crate::{Point, envoy, plan::Plan};
use serde_json::{Value, json};

const MANAGER: &str = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

/// What Envoy is started with.
pub fn whole(plan: &Plan<'_>) -> Value {
    with_entry(plan, envoy::entry(plan))
}

/// The same with the plugin's configuration in a file of its own.
pub fn reading(plan: &Plan<'_>) -> Value {
    let path = format!("/etc/envoy/{}.ecds.yaml", plan.object());
    let path = plan.options.ecds_path.as_deref().unwrap_or(&path);
    let source = json!({"path_config_source": {"path": path}, "resource_api_version": "V3"});
    let type_url = envoy::type_url(envoy::message(plan.point));
    let entry =
        json!({"name": plan.name, "config_discovery": {"config_source": source, "type_urls": [type_url]}});
    let mut all = with_entry(plan, entry);
    // Envoy asks who it is before it takes what is discovered.
    all["node"] = json!({"id": plan.name, "cluster": plan.name});
    all
}

fn with_entry(plan: &Plan<'_>, entry: Value) -> Value {
    let mut all = json!({});
    if let Some(admin) = &plan.admin {
        all["admin"] = json!({"address": admin.socket()});
    }
    if plan.point == Point::Service {
        all["bootstrap_extensions"] = json!([entry]);
        all["static_resources"] = json!({"clusters": clusters(plan)});
        return all;
    }
    let filters = match plan.point {
        Point::Network => json!([entry, last(plan)]),
        Point::AccessLog => json!([manager(plan, None, Some(entry))]),
        _ => json!([manager(plan, Some(entry), None)]),
    };
    let listener =
        json!({"name": plan.name, "address": plan.listen.socket(), "filter_chains": [{"filters": filters}]});
    all["static_resources"] = json!({"listeners": [listener], "clusters": clusters(plan)});
    all
}

fn clusters(plan: &Plan<'_>) -> Vec<Value> {
    let upstream = plan.upstream.as_ref().map(|address| envoy::cluster_to("upstream", address));
    std::iter::once(envoy::cluster(plan)).chain(upstream).collect()
}

/// What ends a chain of network filters.
fn last(plan: &Plan<'_>) -> Value {
    let (name, typed) = match plan.upstream {
        Some(_) => (
            "envoy.filters.network.tcp_proxy",
            json!({"@type": envoy::type_url("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"), "stat_prefix": plan.name, "cluster": "upstream"}),
        ),
        None => return manager(plan, None, None),
    };
    json!({"name": name, "typed_config": typed})
}

fn manager(plan: &Plan<'_>, filter: Option<Value>, log: Option<Value>) -> Value {
    let mut route = json!({"match": {"prefix": "/"}});
    match plan.upstream {
        Some(_) => route["route"] = json!({"cluster": "upstream"}),
        None => {
            route["direct_response"] =
                json!({"status": 200, "body": {"inline_string": "answered by Envoy\n"}})
        }
    }
    let router = json!({"name": "envoy.filters.http.router",
        "typed_config": {"@type": envoy::type_url("envoy.extensions.filters.http.router.v3.Router")}});
    let filters: Vec<_> = filter.into_iter().chain([router]).collect();
    let mut typed = json!({"@type": envoy::type_url(MANAGER), "stat_prefix": plan.name});
    if let Some(log) = log {
        typed["access_log"] = json!([log]);
    }
    typed["route_config"] = json!({"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]});
    typed["http_filters"] = filters.into();
    json!({"name": "envoy.filters.network.http_connection_manager", "typed_config": typed})
}

/// Entries for the places that their keys name.
pub fn parts(plan: &Plan<'_>) -> Value {
    let place = match plan.point {
        Point::Http => "http_filters",
        Point::Network => "filters",
        Point::Service => "bootstrap_extensions",
        Point::AccessLog => "access_log",
    };
    let mut parts = json!({});
    parts[place] = json!([envoy::entry(plan)]);
    parts["clusters"] = json!([envoy::cluster(plan)]);
    parts
}

/// The answer of a discovery service, as it lies in a file.
pub fn resource(plan: &Plan<'_>) -> Value {
    let resource = json!({"@type": envoy::type_url("envoy.config.core.v3.TypedExtensionConfig"),
        "name": plan.name, "typed_config": envoy::typed(plan)});
    json!({"version_info": plan.release.version, "resources": [resource]})
}
