//! What making the instance does before any code runs.

use tamis_verification::{Severity, Verdict};

use crate::{as_http, fails_with, filter, ids, passes, warns_with};

#[test]
fn segments_must_fit_where_they_go() {
    for text in [
        "(data (i32.const 65536) \"x\")",
        "(data (i32.const 65537) \"\")",
        "(data (i32.const -1) \"x\")",
        "(data (i32.add (i32.const 65530) (i32.mul (i32.const 5) (i32.const 2))) \"x\")",
        "(global $g i32 (i32.const 70000)) (data (global.get $g) \"x\")",
        "(table 1 funcref) (elem (i32.const 1) 0)",
    ] {
        fails_with(&filter("", text), "segment-out-of-bounds");
    }
    for text in [
        "(data (i32.const 65535) \"x\")",
        "(data (i32.const 65536) \"\")",
        "(data \"passive\")",
        "(global $g i32 (i32.const 7)) (data (global.get $g) \"x\")",
        "(table 2 funcref) (elem (i32.const 1) 0)",
        "(elem declare func 0)",
    ] {
        passes(&filter("", text));
    }
}

#[test]
fn tables_have_a_largest_size_each_and_together() {
    passes(&filter("", "(table 10000000 funcref)"));
    fails_with(&filter("", "(table 10000001 funcref)"), "table-too-large");
    fails_with(&filter("", &"(table 10000000 funcref)".repeat(8)), "heap-exhausted");
}

#[test]
fn objects_that_constants_make_count_as_well() {
    let arrays = |count: usize, length: usize| {
        let one = format!("(global (ref $a) (array.new_default $a (i32.const {length})))");
        filter("", &format!("(type $a (array i64)) {}", one.repeat(count)))
    };
    passes(&arrays(10, 1_000_000));
    fails_with(&arrays(4, 50_000_000), "heap-exhausted");
    fails_with(&arrays(1, 134_217_727), "array-too-large");
    let structs = "(global (ref $s) (struct.new_default $s))".repeat(100);
    passes(&filter("", &format!("(type $s (struct (field i64) (field v128))) {structs}")));
}

#[test]
fn memories_that_only_the_newest_engines_have_are_warned_of() {
    let with = |memory: &str| crate::module("", &format!("{memory} {}", crate::CALLBACK));
    warns_with(&with("(memory (export \"memory\") i64 1 10)"), "memory64");
    warns_with(&with("(memory (export \"memory\") 1 10 shared)"), "memory-shared");
    warns_with(&with("(memory (export \"memory\") 1 10) (memory 1)"), "memory-several");
    let report = as_http(&with("(memory (export \"memory\") i64 1 262145)"));
    assert_eq!(ids(&report, Severity::Error), ["memory-maximum"]);
}

#[test]
fn what_the_parser_limits_and_the_engine_does_not_is_an_error_and_no_failure() {
    let report = as_http(&filter("", &"(memory 0)".repeat(101)));
    assert_eq!(report.verdict, Verdict::Error, "{:?}", report.findings);
    let name = "x".repeat(100_001);
    let report = as_http(&filter("", &format!("(func (export \"{name}\"))")));
    assert_eq!(report.verdict, Verdict::Error, "{:?}", report.findings);
    let report = as_http(&filter("", &"(elem func)".repeat(100_001)));
    assert_eq!(report.verdict, Verdict::Error, "{:?}", report.findings);
}
