//! Modules built to cost far more than their size. Each gets its verdict in seconds even in an
//! unoptimised build, and a report of readable length.

use std::time::{Duration, Instant};

use tamis_e2e::modules::{blocks, custom, empty_functions, good, many_locals, wide_stack};
use tamis_verification::{Report, Verdict};

use super::as_http;

/// Generous: the same takes well under a second when optimised.
const LIMIT: Duration = Duration::from_secs(30);

fn in_time(bytes: &[u8]) -> Report {
    let start = Instant::now();
    let report = as_http(bytes);
    let took = start.elapsed();
    assert!(took < LIMIT, "{took:?} for {} bytes", bytes.len());
    let text = serde_json::to_string(&report).unwrap();
    assert!(text.len() < 2_000_000, "a report of {} bytes", text.len());
    report
}

fn loads(report: &Report) -> bool {
    matches!(report.verdict, Verdict::Pass | Verdict::Warn)
}

#[test]
fn nine_hundred_thousand_functions_are_no_trouble() {
    let report = in_time(&empty_functions(900_000));
    assert!(loads(&report), "{:?}", report.findings);
}

#[test]
fn functions_with_fifty_thousand_locals_are_no_trouble() {
    for count in [2_000, 10_000] {
        let bytes = many_locals(count);
        assert!(bytes.len() < 200_000);
        assert!(loads(&in_time(&bytes)));
    }
    assert_ne!(in_time(&many_locals(400_000)).verdict, Verdict::Fail);
}

#[test]
fn a_tower_of_loops_is_no_trouble() {
    assert!(loads(&in_time(&blocks(900_000))));
    assert_eq!(in_time(&blocks(1_100_000)).verdict, Verdict::Error);
}

#[test]
fn code_that_would_fill_the_memory_ends_as_an_error_and_not_as_a_pass() {
    let report = in_time(&wide_stack(500_000));
    assert_eq!(report.verdict, Verdict::Error, "{:?}", report.findings);
    assert!(report.hosts.iter().all(|host| !host.loads), "what is not known does not load");
}

#[test]
fn a_million_custom_sections_are_counted_and_not_listed() {
    let mut bytes = good();
    let one = custom(b"x", b"");
    for _ in 0..1_000_000 {
        bytes.extend_from_slice(&one);
    }
    let report = in_time(&bytes);
    assert_eq!(report.verdict, Verdict::Pass);
    assert!(report.sections.len() <= 2_000);
    assert!(report.left_out.sections > 990_000, "{:?}", report.left_out);
}

#[test]
fn a_million_types_end_as_an_error_and_not_as_a_pass() {
    let mut body = vec![0xc0, 0x84, 0x3d];
    for _ in 0..1_000_000 {
        body.extend_from_slice(&[0x60, 0, 0]);
    }
    let report = in_time(&module_of(1, &body));
    assert_eq!(report.verdict, Verdict::Error, "{:?}", report.findings);
}

#[test]
fn a_section_that_claims_four_billion_entries_is_not_believed() {
    for id in 1..=13u8 {
        let claim = [id, 5, 0xff, 0xff, 0xff, 0xff, 0x0f];
        let report = in_time(&[&b"\0asm\x01\0\0\0"[..], &claim].concat());
        assert_eq!(report.verdict, Verdict::Fail, "section {id}");
    }
}

#[test]
fn ninety_thousand_unknown_imports_give_a_short_report() {
    let mut body = vec![0x90, 0xbf, 0x05];
    for _ in 0..90_000 {
        body.extend_from_slice(&[1, b'a', 1, b'b', 0, 0]);
    }
    let bytes = [&module_of(1, &[1, 0x60, 0, 0])[..], &module_of(2, &body)[8..]].concat();
    let report = in_time(&bytes);
    assert_eq!(report.verdict, Verdict::Fail, "{:?} {:?}", report.findings.first(), report.left_out);
    assert_eq!(report.imports.len() as u64 + report.left_out.imports, 90_000);
    assert!(report.findings.len() < 100);
    assert!(report.left_out.findings > 89_000, "{:?} {:?}", report.left_out, report.findings);
}

/// A module of one section.
fn module_of(id: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    bytes.push(id);
    let mut size = body.len();
    while size > 0x7f {
        bytes.push(u8::try_from(size & 0x7f).unwrap() | 0x80);
        size >>= 7;
    }
    bytes.push(u8::try_from(size).unwrap());
    bytes.extend_from_slice(body);
    bytes
}
