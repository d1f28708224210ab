//! Where a module loads.

use tamis_verification::HostSupport;

use crate::{as_http, filter};

fn hosts(import: &str) -> Vec<HostSupport> {
    as_http(&filter(import, "")).hosts
}

fn loading(import: &str, host: &str) -> Vec<String> {
    hosts(import).into_iter().filter(|row| row.host == host && row.loads).map(|row| row.versions).collect()
}

#[test]
fn a_plain_module_loads_everywhere() {
    let hosts = hosts("");
    assert!(hosts.iter().all(|row| row.loads && row.reason.is_none()), "{hosts:?}");
    for name in ["envoy", "istio", "envoy-gateway", "proxy-wasm-cpp-host"] {
        assert!(hosts.iter().any(|row| row.host == name));
    }
}

#[test]
fn each_tier_of_wasi_calls_needs_younger_hosts() {
    let wasi = |name: &str, ty: &str| format!("(import \"wasi_snapshot_preview1\" \"{name}\" (func {ty}))");
    assert_eq!(loading(&wasi("proc_exit", "(param i32)"), "envoy").len(), 4);
    assert_eq!(
        loading(&wasi("fd_prestat_get", "(param i32 i32) (result i32)"), "envoy"),
        [">=1.39", ">=1.33, <1.39", ">=1.21, <1.33"]
    );
    assert_eq!(loading(&wasi("sched_yield", "(result i32)"), "envoy"), [">=1.39", ">=1.33, <1.39"]);
    assert_eq!(loading(&wasi("sched_yield", "(result i32)"), "istio"), [">=1.31", ">=1.25, <1.31"]);
    assert_eq!(loading(&wasi("fd_sync", "(param i32) (result i32)"), "envoy"), [">=1.39"]);
}

#[test]
fn envoys_own_calls_load_in_envoy_only() {
    let dns = "(import \"env\" \"envoy_resolve_dns\" (func (param i32 i32 i32) (result i32)))";
    assert_eq!(loading(dns, "envoy").len(), 4);
    let other = hosts(dns).into_iter().find(|row| row.host == "proxy-wasm-cpp-host").unwrap();
    assert!(!other.loads && other.reason.is_some_and(|reason| reason.contains("envoy_resolve_dns")));
}

#[test]
fn what_is_refused_loads_nowhere_and_says_why() {
    for row in hosts("(import \"env\" \"abort\" (func))") {
        assert!(!row.loads && row.reason.is_some_and(|reason| reason.contains("env.abort")));
    }
}
