//! Whether each option is what the readers of a format take. Nobody tells the author of a configuration
//! more than "refused" when an API server or Envoy finds it.
use crate::{ApplyTo, FailurePolicy, Format, Options, TargetRef, names};

const MESH: [Format; 2] = [Format::Istio, Format::IstioTrafficExtension];

pub fn options(format: Format, options: &Options, asks: &mut impl FnMut(&str, bool, &str)) {
    texts(options, asks);
    if MESH.contains(&format) || format == Format::EnvoyGateway {
        kubernetes(format, options, asks);
    }
    attachment(options, asks);
    let reloads = options.failure_policy == Some(FailurePolicy::Reload);
    asks(
        "failure_policy",
        !(reloads && format == Format::EnvoyGateway),
        "Envoy Gateway knows fail-closed and fail-open",
    );
    let taken = options.upstream.is_some() && options.cluster.as_deref() == Some("upstream");
    asks("cluster", !taken, "the cluster behind the proxy is called so; choose another name");
}

fn texts(options: &Options, asks: &mut impl FnMut(&str, bool, &str)) {
    let texts = [
        ("name", &options.name),
        ("cluster", &options.cluster),
        ("ca_file", &options.ca_file),
        ("ecds_path", &options.ecds_path),
    ];
    for (field, text) in texts {
        asks(field, text.as_deref() != Some(""), "not empty");
    }
    asks("timeout_seconds", options.timeout_seconds.is_none_or(|n| (1..=3600).contains(&n)), "1 to 3600");
    let keys = || options.environment_keys.iter().flatten();
    asks(
        "environment_keys",
        keys().all(|key| names::is_variable(key)),
        "names of letters, digits and `_`, of at most 128",
    );
}

fn kubernetes(format: Format, options: &Options, asks: &mut impl FnMut(&str, bool, &str)) {
    const NAME: &str = "a name of Kubernetes: lower-case letters, digits and `-`, in parts with `.` between them, at most 253";
    asks(
        "namespace",
        options.namespace.as_deref().is_none_or(names::is_label),
        "a namespace of Kubernetes: lower-case letters, digits and `-`, at most 63",
    );
    for (field, name) in [("pull_secret", &options.pull_secret), ("name", &options.name)] {
        asks(field, name.as_deref().is_none_or(names::is_subdomain), NAME);
    }
    asks("root_id", options.root_id.as_ref().is_none_or(|t| t.len() <= 256), "at most 256 bytes");
    let ports: Vec<_> = options.match_ports.iter().flatten().collect();
    let twice = (1..ports.len()).any(|n| ports[..n].contains(&ports[n]));
    asks("match_ports", ports.iter().all(|port| **port > 0) && !twice, "1 to 65535, each once");
    for target in options.target_refs.iter().flatten() {
        asks(
            "target_refs",
            names::is_subdomain(&target.name) && !target.kind.is_empty(),
            "each with a kind and a name, such as Gateway/shop",
        );
        check_target(format, target, asks);
    }
}

/// Every reader has its kinds, in the group that they are of.
fn check_target(format: Format, target: &TargetRef, asks: &mut impl FnMut(&str, bool, &str)) {
    const GATEWAY: &str = "gateway.networking.k8s.io";
    if MESH.contains(&format) {
        let group = match target.kind.as_str() {
            "Service" => Some(""),
            "ServiceEntry" => Some("networking.istio.io"),
            "Gateway" | "GatewayClass" => Some(GATEWAY),
            _ => None,
        };
        asks(
            "target_refs",
            group == Some(target.group()),
            "Istio attaches to Gateway, GatewayClass, Service and ServiceEntry, each of its own group",
        );
        return;
    }
    let kinds = ["Gateway", "ListenerSet", "HTTPRoute", "GRPCRoute", "TCPRoute", "UDPRoute", "TLSRoute"];
    asks(
        "target_refs",
        target.group() == GATEWAY && kinds.contains(&target.kind.as_str()),
        "Envoy Gateway attaches to Gateway, ListenerSet, HTTPRoute, GRPCRoute, TCPRoute, UDPRoute and TLSRoute of gateway.networking.k8s.io",
    );
}

fn attachment(options: &Options, asks: &mut impl FnMut(&str, bool, &str)) {
    asks(
        "target_refs",
        options.target_refs.as_ref().is_none_or(|t| (1..=16).contains(&t.len())),
        "1 to 16 of them",
    );
    asks(
        "selector",
        options.selector.is_none() || options.target_refs.is_none(),
        "either a selector or target_refs",
    );
    let attached = options.selector.is_some() || options.target_refs.is_some();
    let (fine, message) = match options.apply_to {
        Some(ApplyTo::Workload) => (attached, "a workload needs a selector or target_refs"),
        Some(ApplyTo::Mesh | ApplyTo::Namespace) => {
            (!attached, "leave out selector and target_refs: they are for a workload")
        }
        None => (true, ""),
    };
    asks("apply_to", fine, message);
    let mut labels = options.selector.iter().flatten();
    asks(
        "selector",
        labels.all(|(key, value)| names::is_label_key(key) && names::is_label_value(value)),
        "labels of Kubernetes, such as app=shop",
    );
}
