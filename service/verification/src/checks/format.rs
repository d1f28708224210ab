//! Is this a core wasm module at all? Says what it is instead, so that the author knows what to upload.

use crate::Declared;
use crate::facts::Facts;
use crate::findings::Findings;
use crate::sniff::Shape;

pub fn check(facts: &Facts<'_>, _: &Declared, findings: &mut Findings) {
    let (id, message, fix) = match facts.shape {
        Shape::Module => return,
        Shape::Component => (
            "component-binary",
            "This is a WebAssembly component, not a core module; Envoy loads core modules only.",
            "Build for wasm32-wasip1 or wasm32-unknown-unknown, and skip the step that wraps the module \
             (`wasm-tools component new`, `cargo component`, wasm32-wasip2).",
        ),
        Shape::UnknownVersion => (
            "not-wasm",
            "The file starts like WebAssembly but its version is not 1.",
            "Rebuild the module; if it is right elsewhere, the upload damaged it.",
        ),
        Shape::CutHeader => (
            "truncated",
            "The file ends inside the WebAssembly header.",
            "Upload the whole file; compare its size with the one on disk.",
        ),
        Shape::Empty => {
            ("empty", "The file is empty.", "Upload the module itself; check the path and the build.")
        }
        other => {
            let (what, fix) = alien(other);
            findings.error("not-wasm", format!("This is {what}, not a WebAssembly module.")).fix(fix);
            return;
        }
    };
    findings.error(id, message).fix(fix);
}

fn alien(shape: Shape) -> (&'static str, &'static str) {
    match shape {
        Shape::Gzip => {
            ("gzip-compressed data", "Unpack it first: `gunzip`, or `tar xzf` if it is an archive.")
        }
        Shape::Zstd => ("zstd-compressed data", "Unpack it first: `unzstd`."),
        Shape::Zip => ("a zip archive", "Upload the .wasm file inside it."),
        Shape::Tar => ("a tar archive", "Upload the .wasm file inside it, often `plugin.wasm`."),
        Shape::Elf => ("a native Linux program", "Build for a wasm target, such as wasm32-wasip1."),
        Shape::Html => (
            "a web page",
            "The download gave a page instead of the file: use the link to the raw file, and sign in if it asks.",
        ),
        Shape::Json => ("JSON text", "The download gave a message instead of the file; read what it says."),
        Shape::WatText => ("WebAssembly text", "Convert it first: `wat2wasm` or `wasm-tools parse`."),
        Shape::GitLfsPointer => ("a Git LFS pointer", "Fetch the file itself: `git lfs pull`."),
        _ => ("something else", "A module starts with the bytes 00 61 73 6d 01 00 00 00."),
    }
}
