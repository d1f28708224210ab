//! Imports: names, types, ABI versions, and the hints that go with a wrong one.

use tamis_verification::{Severity, Verdict};

use crate::{as_http, fails_with, filter, ids, passes, passes_with, warns_with};

fn import(module: &str, name: &str, ty: &str) -> String {
    format!("(import \"{module}\" \"{name}\" (func {ty}))")
}

const WASI: &str = "wasi_snapshot_preview1";

#[test]
fn an_unknown_import_says_what_may_have_been_meant() {
    const AT: &str = "(param i32 i32 i32 i32)";
    for (module, name, hint) in [
        ("env", "abort", "STANDALONE_WASM"),
        ("env", "_abort", "STANDALONE_WASM"),
        ("env", "___syscall140", "STANDALONE_WASM"),
        ("env", "__cxa_throw", "-fno-exceptions"),
        ("env", "runtime.ticks", "-target=wasip1"),
        ("env", "proxy_getHeaderMapValue", "env.proxy_get_header_map_value"),
        ("env", "_proxy_httpCall", "env.proxy_http_call"),
        ("env", "proxy_redis_call", "Higress"),
        ("env", "fd_write", "wasi_snapshot_preview1.fd_write"),
        ("env", "log", "env.proxy_log"),
        ("env", "proxy_get_header_map_valu", "env.proxy_get_header_map_value"),
        ("env", "memcpy", "undefined symbol"),
        (WASI, "proxy_log", "env.proxy_log"),
        (WASI, "fd_wriet", "fd_write"),
        (WASI, "proc_raise", "without it"),
        ("wasi_snapshot_preview2", "fd_write", "wasi_snapshot_preview1"),
        ("wasi:cli/stdout@0.2.0", "get", "WASI 0.2"),
        ("wbg", "__wbindgen_throw", "wasm-bindgen"),
        ("gojs", "runtime.wasmExit", "GOOS=wasip1"),
        ("somewhere", "else", "only"),
    ] {
        let finding = fails_with(&filter(&import(module, name, ""), ""), "import-unknown");
        assert!(finding.fix.as_ref().is_some_and(|fix| fix.contains(hint)), "{finding:?}");
        assert_eq!(finding.location, Some(format!("import {module}.{name}")));
    }
    let finding = fails_with(&filter(&import("env", "abort", AT), ""), "import-unknown");
    assert!(finding.fix.as_ref().is_some_and(|fix| fix.contains("--use abort=")), "{finding:?}");
}

#[test]
fn types_must_be_exactly_those_of_the_host() {
    passes(&filter(&import("env", "proxy_log", "(param i32 i32 i32) (result i32)"), ""));
    let finding =
        fails_with(&filter(&import("env", "proxy_log", "(param i32 i64) (result i32)"), ""), "import-type");
    assert!(
        finding.message.contains("(i32, i64) -> i32") && finding.message.contains("(i32, i32, i32) -> i32")
    );
    fails_with(&filter(&import(WASI, "fd_write", "(param i32)"), ""), "import-type");
}

#[test]
fn calls_belong_to_abi_versions() {
    let finding =
        fails_with(&filter(&import("env", "proxy_continue_request", "(result i32)"), ""), "import-abi");
    assert!(finding.message.contains("0.1.0") && finding.message.contains("0.2.1"), "{finding:?}");
    passes(&filter(&import("env", "proxy_get_log_level", "(param i32) (result i32)"), ""));
}

#[test]
fn links_have_another_arity_in_the_host_than_in_wasi() {
    let standard = "(param i32 i32 i32 i32 i32 i32 i32) (result i32)";
    fails_with(&filter(&import(WASI, "path_link", standard), ""), "import-wasi-arity");
    fails_with(
        &filter(&import(WASI, "path_symlink", "(param i32 i32 i32 i32 i32) (result i32)"), ""),
        "import-wasi-arity",
    );
    warns_with(
        &filter(&import(WASI, "path_symlink", "(param i32 i32 i32 i32) (result i32)"), ""),
        "host-minimum",
    );
}

#[test]
fn calls_of_younger_hosts_name_the_oldest_that_has_them() {
    passes(&filter(&import(WASI, "random_get", "(param i32 i32) (result i32)"), ""));
    passes_with(&filter(&import(WASI, "fd_prestat_get", "(param i32 i32) (result i32)"), ""), "host-minimum");
    let finding = warns_with(&filter(&import(WASI, "sched_yield", "(result i32)"), ""), "host-minimum");
    assert!(finding.message.contains("1.33"), "{finding:?}");
    let finding = warns_with(
        &filter(&import("wasi_unstable", "fd_sync", "(param i32) (result i32)"), ""),
        "host-minimum",
    );
    assert!(finding.message.contains("1.39"), "{finding:?}");
}

#[test]
fn the_same_import_twice_is_legal() {
    let done = import("env", "proxy_done", "(result i32)");
    passes(&filter(&format!("{done} {done}"), ""));
}

#[test]
fn hosts_supply_one_memory_one_table_and_no_globals() {
    fails_with(&filter("(import \"env\" \"g\" (global i32))", ""), "import-global");
    fails_with(&filter("(import \"env\" \"t\" (tag))", ""), "import-tag");
    passes(&filter("(import \"env\" \"t\" (table 1 funcref))", ""));
    let tables = "(import \"a\" \"t\" (table 1 funcref)) (import \"b\" \"t\" (table 1 funcref))";
    fails_with(&filter(tables, ""), "import-several");
    fails_with(&filter("(import \"env\" \"t\" (table i64 1 funcref))", ""), "import-kind");
    fails_with(&filter("(import \"env\" \"t\" (table 1 4294967295 funcref))", ""), "table-too-large");
    let report = as_http(&filter("(import \"env\" \"memory\" (memory 1 2 shared))", ""));
    assert_eq!(ids(&report, Severity::Error), ["import-kind"]);
}

#[test]
fn a_hostile_name_cannot_break_the_report() {
    let name = "\\u{1b}[2J\\u{202e}".repeat(2_000);
    let report = as_http(&filter(&import("env", &name, ""), ""));
    assert_eq!(report.verdict, Verdict::Fail);
    let text = serde_json::to_string(&report).unwrap() + &tamis_verification::render_text(&report);
    assert!(text.len() < 20_000, "{}", text.len());
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
}
