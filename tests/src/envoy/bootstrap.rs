//! Envoy's bootstrap as JSON: Envoy reads it, and unlike YAML it needs no quoting.
//! Knows nothing of processes.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where the proxy gets the module from.
#[derive(Clone, Debug)]
pub enum Code {
    File(PathBuf),
    /// Fetched from `uri` through a cluster of the bootstrap.
    Remote {
        uri: String,
        cluster: String,
        sha256: String,
    },
}

/// A plugin as Envoy's `PluginConfig` describes it.
#[derive(Clone, Debug)]
pub struct Plugin {
    pub name: String,
    pub root_id: String,
    pub code: Code,
    /// Handed over as a StringValue: a Struct would reach the guest as protobuf bytes.
    pub configuration: Option<String>,
    pub environment: BTreeMap<String, String>,
    pub vm_id: String,
}

impl Plugin {
    pub fn new(name: &str, code: Code) -> Self {
        Self {
            name: name.to_owned(),
            root_id: name.to_owned(),
            code,
            configuration: None,
            environment: BTreeMap::new(),
            vm_id: name.to_owned(),
        }
    }

    #[must_use]
    pub fn configured(mut self, configuration: impl ToString) -> Self {
        self.configuration = Some(configuration.to_string());
        self
    }

    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// An entry of `http_filters`.
    pub fn http_filter(&self) -> Value {
        let kind = "envoy.extensions.filters.http.wasm.v3.Wasm";
        json!({"name": self.name, "typed_config": {"@type": type_url(kind), "config": self.config()}})
    }

    /// An entry of a filter chain's `filters`.
    pub fn network_filter(&self) -> Value {
        let kind = "envoy.extensions.filters.network.wasm.v3.Wasm";
        json!({"name": self.name, "typed_config": {"@type": type_url(kind), "config": self.config()}})
    }

    /// An entry of `bootstrap_extensions`.
    pub fn service(&self) -> Value {
        let kind = "envoy.extensions.wasm.v3.WasmService";
        let typed = json!({"@type": type_url(kind), "singleton": true, "config": self.config()});
        json!({"name": "envoy.bootstrap.wasm", "typed_config": typed})
    }

    fn config(&self) -> Value {
        let code = match &self.code {
            Code::File(path) => json!({"local": {"filename": path}}),
            Code::Remote { uri, cluster, sha256 } => json!({"remote": {
                "http_uri": {"uri": uri, "cluster": cluster, "timeout": "5s"},
                "sha256": sha256,
            }}),
        };
        let mut config = json!({
            "name": self.name,
            "root_id": self.root_id,
            "vm_config": {"vm_id": self.vm_id, "runtime": "envoy.wasm.runtime.v8", "code": code},
        });
        if let Some(text) = &self.configuration {
            config["configuration"] =
                json!({"@type": type_url("google.protobuf.StringValue"), "value": text});
        }
        if !self.environment.is_empty() {
            config["vm_config"]["environment_variables"] = json!({"key_values": self.environment});
        }
        config
    }
}

/// A bootstrap in the making. All ports are chosen by the system.
#[derive(Clone, Debug, Default)]
pub struct Bootstrap {
    listeners: Vec<Value>,
    clusters: Vec<Value>,
    extensions: Vec<Value>,
}

impl Bootstrap {
    pub fn new() -> Self {
        Self::default()
    }

    /// A listener for HTTP with these filters. Without an upstream it answers 200 "direct" itself.
    #[must_use]
    pub fn http(mut self, listener: &str, filters: Vec<Value>, upstream: Option<SocketAddr>) -> Self {
        let action = match upstream {
            Some(address) => {
                self = self.cluster(listener, address);
                ("route", json!({"cluster": listener}))
            }
            None => ("direct_response", json!({"status": 200, "body": {"inline_string": "direct"}})),
        };
        let mut route = json!({"match": {"prefix": "/"}});
        route[action.0] = action.1;
        let router = "envoy.extensions.filters.http.router.v3.Router";
        let mut filters = filters;
        filters.push(json!({"name": "router", "typed_config": {"@type": type_url(router)}}));
        let manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
        let filter = json!({"name": "http", "typed_config": {
            "@type": type_url(manager),
            "stat_prefix": listener,
            "http_filters": filters,
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        }});
        self.listen(listener, vec![filter])
    }

    /// A listener for TCP with these filters before the proxy to `upstream`.
    #[must_use]
    pub fn tcp(mut self, listener: &str, filters: Vec<Value>, upstream: SocketAddr) -> Self {
        self = self.cluster(listener, upstream);
        let proxy = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
        let typed = json!({"@type": type_url(proxy), "stat_prefix": listener, "cluster": listener});
        let mut filters = filters;
        filters.push(json!({"name": "tcp", "typed_config": typed}));
        self.listen(listener, filters)
    }

    /// An entry of `bootstrap_extensions`, such as [`Plugin::service`].
    #[must_use]
    pub fn extension(mut self, extension: Value) -> Self {
        self.extensions.push(extension);
        self
    }

    /// A cluster with one address, for upstreams and for `Code::Remote`.
    #[must_use]
    pub fn cluster(mut self, name: &str, address: SocketAddr) -> Self {
        let endpoint = json!({"endpoint": {"address": socket_address(address)}});
        self.clusters.push(json!({
            "name": name,
            "type": "STATIC",
            "connect_timeout": "5s",
            "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
        }));
        self
    }

    pub fn to_json(&self) -> Value {
        json!({
            "admin": {"address": any_port()},
            "bootstrap_extensions": self.extensions,
            "static_resources": {"listeners": self.listeners, "clusters": self.clusters},
        })
    }

    fn listen(mut self, name: &str, filters: Vec<Value>) -> Self {
        self.listeners.push(json!({
            "name": name,
            "address": any_port(),
            "filter_chains": [{"filters": filters}],
        }));
        self
    }
}

fn type_url(message: &str) -> String {
    format!("type.googleapis.com/{message}")
}

fn any_port() -> Value {
    socket_address(SocketAddr::from(([127, 0, 0, 1], 0)))
}

fn socket_address(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip(), "port_value": address.port()}})
}
