//! The report as a whole: its JSON, its text, its lists.

use tamis_verification::{Declared, Report, VERIFIER, render_text, verify};

use crate::{MEMORY, as_http, filter, module};

fn sample() -> Vec<u8> {
    filter(
        "(import \"env\" \"proxy_log\" (func (param i32 i32 i32) (result i32))) \
         (import \"env\" \"proxy_http_call\" \
          (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32))) \
         (import \"wasi_snapshot_preview1\" \"fd_write\" (func (param i32 i32 i32 i32) (result i32)))",
        "(func (export \"_initialize\"))",
    )
}

#[test]
fn the_json_has_the_promised_fields() {
    let report = as_http(&sample());
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["sha256"].as_str().map(str::len), Some(64));
    assert_eq!(json["size"], sample().len());
    assert_eq!(json["verdict"], "pass");
    assert_eq!(json["verifier"], VERIFIER);
    assert_eq!(json["abi_version"], "0.2.1");
    assert_eq!(json["type_evidence"], serde_json::json!(["http"]));
    assert_eq!(json["findings"], serde_json::json!([]));
    assert_eq!(json["toolchain"], serde_json::Value::Null);
    let call =
        serde_json::json!({"id": "http-call", "title": "Call out over HTTP", "imports": ["proxy_http_call"]});
    assert_eq!(json["capabilities"][0], call);
    assert_eq!(json["capabilities"][1]["imports"], serde_json::json!(["fd_write", "proxy_log"]));
    assert_eq!(
        json["imports"][0],
        serde_json::json!({"module": "env", "name": "proxy_log", "kind": "func", "type": "(i32, i32, i32) -> i32"})
    );
    assert_eq!(json["exports"][2]["kind"], "memory");
    assert_eq!(json["memory"]["initial_pages"], 1);
    assert_eq!(json["memory"]["maximum_pages"], 10);
    assert_eq!(
        json["sections"][0],
        serde_json::json!({"name": "type", "size": 38, "count": 5, "custom": false})
    );
    assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);
}

#[test]
fn a_report_of_no_module_has_every_field_too() {
    let json = serde_json::to_value(as_http(b"hello")).unwrap();
    for field in ["abi_version", "toolchain"] {
        assert!(json[field].is_null());
    }
    for field in ["type_evidence", "capabilities", "imports", "exports", "sections", "needs_run"] {
        assert_eq!(json[field], serde_json::json!([]), "{field}");
    }
    assert_eq!(json["memory"]["count"], 0);
}

#[test]
fn the_toolchain_is_guessed_from_what_it_leaves_in_the_module() {
    let abort = |ty: &str| format!("(import \"env\" \"abort\" (func {ty}))");
    for (before, behind, guess) in [
        (abort("(param i32 i32 i32 i32)"), "", Some("AssemblyScript")),
        (abort("(param i32)"), "", None),
        (String::new(), "(func (export \"stackSave\") (result i32) i32.const 0)", Some("C++, Emscripten")),
        (String::new(), "(@custom \"emscripten_metadata\" \"x\")", Some("C++, Emscripten")),
        (
            String::new(),
            "(func (export \"proxy_validate_configuration\") (param i32 i32) (result i32) i32.const 1)",
            Some("C++, Emscripten (proxy-wasm-cpp-sdk)"),
        ),
    ] {
        assert_eq!(as_http(&filter(&before, behind)).toolchain.as_deref(), guess, "{before} {behind}");
    }
}

#[test]
fn the_toolchain_is_guessed_from_the_producers_section() {
    let producers =
        "(@producers (language \"Rust\" \"\") (processed-by \"rustc\" \"1.96.0 (abc 2026-05-01)\"))";
    assert_eq!(as_http(&filter("", producers)).toolchain.as_deref(), Some("Rust 1.96.0"));
    let names = "(func $_ZN10proxy_wasm10dispatcher17h0123456789abcdefE)";
    let report = as_http(&filter("", &format!("{names} {producers}")));
    assert_eq!(report.toolchain.as_deref(), Some("Rust 1.96.0 (proxy-wasm-rust-sdk)"));
}

#[test]
fn the_text_for_people_stays_as_it_is() {
    let refused = module("(import \"env\" \"abort\" (func (param i32 i32 i32 i32)))", MEMORY);
    let yields = "(import \"wasi_snapshot_preview1\" \"sched_yield\" (func (result i32)))";
    let loading = filter(yields, "(func (export \"_initialize\"))");
    for (bytes, golden) in [(refused, include_str!("refused.txt")), (loading, include_str!("loading.txt"))] {
        let report = verify(&bytes, &Declared::default());
        let text = render_text(&report).replace(&report.sha256, "<digest>");
        assert_eq!(text, golden, "\n{text}");
    }
}

#[test]
fn long_lists_are_cut_and_counted() {
    let exports: String = (0..5_000).map(|number| format!("(func (export \"f{number}\"))")).collect();
    let report = as_http(&filter("", &exports));
    assert_eq!(report.exports.len(), 2_000);
    assert_eq!(report.left_out.exports, 5_004 - 2_000);
}

/// What `docs/verification.md` lists, against what the checks say.
#[test]
fn every_finding_is_documented() {
    let package = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(package.join("../docs/verification.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() == 4);
    let first = rows.filter_map(|row| row.split('|').nth(1));
    let documented: std::collections::BTreeSet<_> =
        first.flat_map(|ids| ids.split('`').skip(1).step_by(2)).filter(|id| !VERDICTS.contains(id)).collect();
    let mut checks = String::new();
    for file in std::fs::read_dir(package.join("src/checks")).unwrap() {
        checks += &std::fs::read_to_string(file.unwrap().path()).unwrap();
    }
    for id in &documented {
        assert!(checks.contains(&format!("\"{id}\"")), "{id} is documented, and no check says it");
    }
    for call in [".error(", ".warning(", ".info("] {
        for (at, _) in checks.match_indices(call) {
            let Some(text) = checks[at + call.len()..].trim_start().strip_prefix('"') else { continue };
            let id = text.split('"').next().unwrap();
            assert!(documented.contains(id), "{id} is not in docs/verification.md");
        }
    }
    assert!(documented.len() > 40, "{documented:?}");
}

const VERDICTS: [&str; 4] = ["pass", "warn", "fail", "error"];
