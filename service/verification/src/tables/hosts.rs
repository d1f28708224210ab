//! Hosts by generation: what each offers to a module. A row is a range of versions that answer alike.

use super::WasiTier;

pub struct Host {
    pub host: &'static str,
    pub versions: &'static str,
    pub wasi: WasiTier,
    /// Has the functions and callbacks that Envoy adds to the common host.
    pub envoy: bool,
}

const fn envoy(versions: &'static str, wasi: WasiTier) -> Host {
    Host { host: "envoy", versions, wasi, envoy: true }
}

const fn istio(versions: &'static str, wasi: WasiTier) -> Host {
    Host { host: "istio", versions, wasi, envoy: true }
}

const fn gateway(versions: &'static str, wasi: WasiTier) -> Host {
    Host { host: "envoy-gateway", versions, wasi, envoy: true }
}

const fn cpp_host(versions: &'static str, wasi: WasiTier) -> Host {
    Host { host: "proxy-wasm-cpp-host", versions, wasi, envoy: false }
}

/// Newest first within each host. Where Envoy's tiers change: the pins of proxy-wasm-cpp-host in
/// envoyproxy/envoy `bazel/repository_locations.bzl`; 1.36 to 1.40 were also tried, and 1.38 still
/// lacks the full set. Istio 1.n carries Envoy 1.(n+8) (istio.io, "Supported releases"), Envoy Gateway
/// 1.n carries Envoy 1.(n+30) and loads wasm since 1.1 (gateway.envoyproxy.io, "Compatibility matrix").
pub const HOSTS: &[Host] = &[
    envoy(">=1.39", WasiTier::Full),
    envoy(">=1.33, <1.39", WasiTier::Go),
    envoy(">=1.21, <1.33", WasiTier::Preopen),
    envoy("<1.21", WasiTier::Base),
    istio(">=1.31", WasiTier::Full),
    istio(">=1.25, <1.31", WasiTier::Go),
    istio(">=1.13, <1.25", WasiTier::Preopen),
    istio("<1.13", WasiTier::Base),
    gateway(">=1.9", WasiTier::Full),
    gateway(">=1.3, <1.9", WasiTier::Go),
    gateway(">=1.1, <1.3", WasiTier::Preopen),
    cpp_host(">=2026-04-06", WasiTier::Full),
    cpp_host(">=2024-12-19, <2026-04-06", WasiTier::Go),
    cpp_host(">=2021-11-18, <2024-12-19", WasiTier::Preopen),
    cpp_host("<2021-11-18", WasiTier::Base),
];

/// Versions that people choose by, newest first: those that are supported by their projects now.
/// The three lists carry the same generations of Envoy.
pub const RECENT: &[(&str, &str, &[&str])] = &[
    ("envoy", "Envoy", &["1.40", "1.39", "1.38", "1.37", "1.36"]),
    ("istio", "Istio", &["1.31", "1.30", "1.29", "1.28"]),
    ("envoy-gateway", "Envoy Gateway", &["1.9", "1.8", "1.7", "1.6"]),
];
