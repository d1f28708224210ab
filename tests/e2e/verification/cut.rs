//! Files that end too early, and files with one byte changed.

use tamis_e2e::modules::{Draft, good};
use tamis_verification::Verdict;

use super::as_http;

/// A module with every kind of section that toolchains write.
fn full() -> Vec<u8> {
    Draft::good()
        .with(|draft| {
            draft.import("env", "proxy_log", "iii>i");
            draft.import("wasi_snapshot_preview1", "fd_write", "iiii>i");
            draft.more = "(table 2 funcref) (global (mut i32) (i32.const 7)) (elem (i32.const 0) 0 1) (tag) \
                          (func $s (data.drop 0)) (start $s) (data (i32.const 8) \"data\") (@custom \"note\" \"text\")"
                .to_owned();
        })
        .bytes()
}

/// Without these, what remains is a whole module again.
fn only_custom_sections(mut rest: &[u8]) -> bool {
    while let [id, length, after @ ..] = rest {
        let whole = *id == 0 && *length < 0x80 && after.len() >= usize::from(*length);
        if !whole {
            return false;
        }
        rest = &after[usize::from(*length)..];
    }
    rest.is_empty()
}

#[test]
fn a_file_cut_anywhere_never_passes() {
    for whole in [good(), full()] {
        assert_eq!(as_http(&whole).verdict, Verdict::Pass);
        for length in 0..whole.len() {
            if only_custom_sections(&whole[length..]) {
                continue;
            }
            let report = as_http(&whole[..length]);
            assert_eq!(report.verdict, Verdict::Fail, "cut at {length} of {}", whole.len());
        }
    }
}

#[test]
fn a_file_with_any_byte_changed_gets_a_verdict() {
    let whole = full();
    for at in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            let report = as_http(&bytes);
            assert_eq!(report.size, whole.len() as u64);
        }
    }
}

#[test]
fn the_upload_of_a_text_or_an_archive_is_named_for_what_it_is() {
    let cases: [(&[u8], &str); 6] = [
        (b"", "empty"),
        (b"\0asm", "truncated"),
        (b"\0asm\x0d\0\x01\0", "component-binary"),
        (b"(module)", "not-wasm"),
        (b"\x1f\x8b\x08\0", "not-wasm"),
        (b"<!DOCTYPE html>", "not-wasm"),
    ];
    for (bytes, id) in cases {
        let report = as_http(bytes);
        assert_eq!(report.verdict, Verdict::Fail);
        assert_eq!(report.findings[0].id, id, "{:?}", report.findings);
    }
}
