//! The verifier from outside: bytes in, report out. Small modules as text, one fact changed in each.
#![allow(clippy::unwrap_used, clippy::panic)]

mod abi;
mod exports;
mod files;
mod hosts;
mod imports;
mod instance;
mod report;

use tamis_verification::{Declared, Finding, PluginType, Report, Severity, Verdict, verify};

/// A flawless HTTP filter of ABI 0.2.1, with room for one more thing before and behind.
fn filter(before: &str, behind: &str) -> Vec<u8> {
    module(before, &format!("{MEMORY} {CALLBACK} {behind}"))
}

const MEMORY: &str = "(memory (export \"memory\") 1 10)";
const CALLBACK: &str =
    "(func (export \"proxy_on_request_headers\") (param i32 i32 i32) (result i32) i32.const 0)";

/// Marker and allocator, and whatever else.
fn module(before: &str, behind: &str) -> Vec<u8> {
    wat(&format!(
        "(module {before} (func (export \"proxy_abi_version_0_2_1\")) \
         (func (export \"malloc\") (param i32) (result i32) i32.const 0) {behind})"
    ))
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn as_http(bytes: &[u8]) -> Report {
    verify(bytes, &Declared { plugin_type: Some(PluginType::Http) })
}

fn ids(report: &Report, severity: Severity) -> Vec<&str> {
    let of_it = report.findings.iter().filter(|finding| finding.severity == severity);
    of_it.map(|finding| finding.id.as_str()).collect()
}

fn fails_with(bytes: &[u8], id: &str) -> Finding {
    let report = as_http(bytes);
    assert_eq!(report.verdict, Verdict::Fail, "{:?}", report.findings);
    assert_eq!(ids(&report, Severity::Error), [id], "{:?}", report.findings);
    report.findings[0].clone()
}

fn warns_with(bytes: &[u8], id: &str) -> Finding {
    let report = as_http(bytes);
    assert_eq!(report.verdict, Verdict::Warn, "{:?}", report.findings);
    assert_eq!(ids(&report, Severity::Warning), [id], "{:?}", report.findings);
    report.findings[0].clone()
}

fn passes_with(bytes: &[u8], id: &str) {
    let report = as_http(bytes);
    assert_eq!(report.verdict, Verdict::Pass, "{:?}", report.findings);
    assert_eq!(ids(&report, Severity::Info), [id], "{:?}", report.findings);
}

fn passes(bytes: &[u8]) {
    let report = as_http(bytes);
    assert_eq!(report.verdict, Verdict::Pass, "{:?}", report.findings);
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}
