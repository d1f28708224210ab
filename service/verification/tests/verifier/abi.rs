//! The ABI marker, the allocator and the start functions.

use tamis_verification::Verdict;

use crate::{CALLBACK, MEMORY, as_http, fails_with, filter, module, passes, passes_with, wat};

const MALLOC: &str = "(func (export \"malloc\") (param i32) (result i32) i32.const 0)";

fn marked(marker: &str) -> Vec<u8> {
    wat(&format!("(module {marker} {MALLOC} {MEMORY} {CALLBACK})"))
}

#[test]
fn the_marker_must_be_a_function_with_a_known_name() {
    fails_with(&marked(""), "abi-marker-missing");
    let finding = fails_with(
        &marked("(global (export \"proxy_abi_version_0_2_1\") i32 (i32.const 0))"),
        "abi-marker-missing",
    );
    assert!(finding.message.contains("global"), "{finding:?}");
    let finding = fails_with(&marked("(func (export \"proxy_abi_version_0_3_0\"))"), "abi-marker-missing");
    assert_eq!(finding.location.as_deref(), Some("export proxy_abi_version_0_3_0"));
}

#[test]
fn of_two_markers_the_first_counts() {
    let both = "(func (export \"proxy_abi_version_0_2_1\") (export \"proxy_abi_version_0_1_0\"))";
    let report = as_http(&marked(both));
    assert_eq!((report.verdict, report.abi_version.as_deref()), (Verdict::Pass, Some("0.2.1")));
    passes_with(&marked(both), "abi-marker-twice");
    let other = "(func (export \"proxy_abi_version_0_1_0\") (export \"proxy_abi_version_0_2_1\"))";
    let finding = fails_with(&marked(other), "callback-type");
    assert!(finding.fix.is_some_and(|fix| fix.contains("proxy_abi_version_0_2_0")));
}

#[test]
fn the_type_of_a_marker_does_not_matter() {
    passes(&marked("(func (export \"proxy_abi_version_0_2_1\") (param i64) (result f32) f32.const 0)"));
}

#[test]
fn malloc_is_taken_before_proxy_on_memory_allocate() {
    let with = |functions: &str| {
        wat(&format!("(module (func (export \"proxy_abi_version_0_2_1\")) {functions} {MEMORY} {CALLBACK})"))
    };
    let own = "(func (export \"proxy_on_memory_allocate\") (param i32) (result i32) i32.const 0)";
    let wrong = "(func (export \"malloc\") (param i64) (result i32) i32.const 0)";
    let other = "(func (export \"proxy_on_memory_allocate\"))";
    fails_with(&with(""), "allocator-missing");
    passes(&with(own));
    fails_with(&with(&format!("{own} {wrong}")), "allocator-type");
    passes(&with(&format!("{MALLOC} {other}")));
}

#[test]
fn start_functions_are_held_to_the_types_by_which_they_are_called() {
    let wrong = |name: &str| format!("(func (export \"{name}\") (result i64) i64.const 0)");
    let initialize = "(func (export \"_initialize\"))";
    fails_with(&filter("", &wrong("_initialize")), "start-type");
    fails_with(&filter("", &wrong("_start")), "start-type");
    fails_with(&filter("", &format!("{initialize} {}", wrong("main"))), "start-type");
    fails_with(&filter("", &format!("{initialize} {}", wrong("__main_void"))), "start-type");
    passes(&filter("", &wrong("main")));
    passes(&filter("", &wrong("__main_void")));
    passes_with(&filter("", &format!("{initialize} {}", wrong("_start"))), "start-ignored");
}

#[test]
fn whether_a_command_ends_in_proc_exit_is_left_to_a_run() {
    let exit = "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32)))";
    passes_with(&filter(exit, "(func (export \"_start\"))"), "start-command");
    let report = as_http(&filter(exit, "(func (export \"_start\"))"));
    assert!(report.needs_run.iter().any(|open| open.contains("_start")), "{:?}", report.needs_run);
}

#[test]
fn a_start_section_that_is_bound_to_call_the_host_takes_envoy_down() {
    let done = "(import \"env\" \"proxy_done\" (func (result i32)))";
    fails_with(&filter(done, "(func $s call $t) (func $t (drop (call 0))) (start $s)"), "start-calls-host");
    fails_with(&filter(done, "(func $s (block (loop (drop (call 0))))) (start $s)"), "start-calls-host");
    passes_with(
        &filter(done, "(func $s (if (i32.const 0) (then (drop (call 0))))) (start $s)"),
        "start-section",
    );
    passes_with(&filter(done, "(func $s call $s) (start $s)"), "start-section");
    passes(&filter("", "(func $s) (start $s)"));
}

#[test]
fn memory_must_be_there_and_fit() {
    fails_with(&module("", CALLBACK), "memory-missing");
    fails_with(&module("", &format!("{CALLBACK} (memory 1)")), "memory-missing");
    fails_with(
        &module("", &format!("{CALLBACK} (memory (export \"memory\") 16385 16385)")),
        "memory-too-large",
    );
    passes(&module("", &format!("{CALLBACK} (memory (export \"memory\") 16384 16384)")));
    passes(&module("", &format!("{CALLBACK} (memory (export \"ram\") 1 1)")));
    passes_with(&module("", &format!("{CALLBACK} (memory (export \"memory\") 1)")), "memory-no-maximum");
}
