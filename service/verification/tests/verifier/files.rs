//! Files that are no modules, or not whole ones.

use tamis_verification::{Severity, Verdict};

use crate::{as_http, fails_with, filter, ids, warns_with, wat};

/// A custom section.
fn custom(name: &[u8], data: &[u8]) -> Vec<u8> {
    let size = u8::try_from(1 + name.len() + data.len()).unwrap();
    let length = u8::try_from(name.len()).unwrap();
    [&[0, size, length], name, data].concat()
}

#[test]
fn a_wrong_file_is_named_for_what_it_is() {
    let cases: [(&[u8], &str, &str); 9] = [
        (b"", "empty", "empty"),
        (b"\0asm\x01", "truncated", "header"),
        (b"\0asm\x0d\0\x01\0", "component-binary", "component"),
        (b"\0asm\x02\0\0\0", "not-wasm", "version"),
        (b"\x1f\x8b\x08\0", "not-wasm", "gzip"),
        (b"\x7fELF\x02", "not-wasm", "native"),
        (b"<!DOCTYPE html>", "not-wasm", "web page"),
        (b"(module)", "not-wasm", "text"),
        (b"{\"message\":\"Not Found\"}", "not-wasm", "JSON"),
    ];
    for (bytes, id, word) in cases {
        let finding = fails_with(bytes, id);
        assert!(finding.message.contains(word), "{finding:?}");
        assert!(finding.fix.is_some());
    }
}

#[test]
fn a_module_cut_anywhere_fails() {
    let whole = filter("(import \"env\" \"proxy_log\" (func (param i32 i32 i32) (result i32)))", "");
    assert_eq!(as_http(&whole).verdict, Verdict::Pass);
    for length in 0..whole.len() {
        assert_eq!(as_http(&whole[..length]).verdict, Verdict::Fail, "cut at {length} of {}", whole.len());
    }
}

#[test]
fn a_cut_file_is_called_cut() {
    let whole = filter("", "");
    let report = as_http(&whole[..whole.len() - 3]);
    assert!(ids(&report, Severity::Error).contains(&"truncated"), "{:?}", report.findings);
}

#[test]
fn bytes_behind_the_last_section_are_refused() {
    let bytes = [&filter("", "")[..], b"\xff\xff"].concat();
    let report = as_http(&bytes);
    assert_eq!(ids(&report, Severity::Error), ["sections-malformed", "malformed"]);
}

#[test]
fn a_name_section_that_the_host_cannot_walk_is_refused_though_engines_do_not_mind() {
    let bytes = [filter("", ""), custom(b"name", &[1, 5, 1])].concat();
    let finding = fails_with(&bytes, "sections-malformed");
    assert!(finding.location.is_some_and(|at| at.starts_with("offset 0x")));
}

#[test]
fn a_name_that_doubles_again_and_again_is_refused() {
    let mut name = b"_Z1fPFviiE".to_vec();
    for digit in b"02468ACEGIKMOQSUWY" {
        name.extend([b"PFvS", &[*digit][..], b"_S", &[*digit], b"_S", &[*digit], b"_E"].concat());
    }
    let shallow = &name[..name.len() / 3];
    for (name, refused) in [(&name[..], true), (shallow, false)] {
        let mut names = vec![
            1,
            0,
            u8::try_from(name.len() & 0x7f).unwrap() | 0x80,
            u8::try_from(name.len() >> 7).unwrap(),
        ];
        names.extend(name);
        let mut part = vec![
            1,
            u8::try_from(names.len() & 0x7f).unwrap() | 0x80,
            u8::try_from(names.len() >> 7).unwrap(),
        ];
        part.extend(&names);
        let size = part.len() + 5;
        let mut bytes = filter("", "");
        bytes.extend([0, u8::try_from(size & 0x7f).unwrap() | 0x80, u8::try_from(size >> 7).unwrap(), 4]);
        bytes.extend(b"name");
        bytes.extend(part);
        let report = as_http(&bytes);
        assert_eq!(report.verdict == Verdict::Fail, refused, "{:?}", report.findings);
        assert_eq!(ids(&report, Severity::Error).contains(&"name-expands"), refused);
    }
}

#[test]
fn debug_sections_and_precompiled_ones_are_only_warned_of() {
    warns_with(&[filter("", ""), custom(b".debug_info", b"junk")].concat(), "debug-sections");
    warns_with(&[filter("", ""), custom(b"precompiled_wee8", b"junk")].concat(), "precompiled-sections");
}

#[test]
fn sizes_that_some_deliveries_do_not_carry_are_warned_of() {
    let sized = |mib: usize| {
        let data = " ".repeat(mib * 1024 * 1024);
        as_http(&filter("", &format!("(@custom \"ballast\" \"{data}\")")))
    };
    assert_eq!(ids(&sized(9), Severity::Warning), Vec::<&str>::new());
    assert_eq!(ids(&sized(11), Severity::Warning), ["size-meshery"]);
    assert_eq!(ids(&sized(33), Severity::Warning), ["size-remote", "size-meshery"]);
}

#[test]
fn features_that_the_engine_does_not_have_are_malformed() {
    for text in [
        "(module (func (param i64 i64 i64 i64) (result i64 i64) \
         local.get 0 local.get 1 local.get 2 local.get 3 i64.add128))",
        "(module (memory 1 (pagesize 1)))",
        "(module (type $f (func)) (type $c (cont $f)))",
    ] {
        let report = as_http(&wat(text));
        assert!(ids(&report, Severity::Error).contains(&"malformed"), "{text}: {:?}", report.findings);
    }
}
