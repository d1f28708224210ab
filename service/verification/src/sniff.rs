//! What a file is by its first bytes, so that a wrong file gets a useful answer. Judges nothing.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A core wasm module header, version 1.
    Module,
    /// A component, or another layer of the component model.
    Component,
    /// A wasm header with a version nobody has.
    UnknownVersion,
    /// Starts like wasm and ends before the header does.
    CutHeader,
    Empty,
    Gzip,
    Zstd,
    Zip,
    Tar,
    Elf,
    Html,
    Json,
    WatText,
    GitLfsPointer,
    Unknown,
}

pub fn shape(bytes: &[u8]) -> Shape {
    const MAGIC: &[u8] = b"\0asm";
    if bytes.is_empty() {
        return Shape::Empty;
    }
    if bytes.starts_with(MAGIC) {
        return match bytes.get(4..8) {
            Some([1, 0, 0, 0]) => Shape::Module,
            Some([_, _, layer, 0]) if *layer != 0 => Shape::Component,
            Some(_) => Shape::UnknownVersion,
            None => Shape::CutHeader,
        };
    }
    if MAGIC.starts_with(bytes) {
        return Shape::CutHeader;
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Shape::Gzip;
    }
    if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Shape::Zstd;
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Shape::Zip;
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Shape::Tar;
    }
    if bytes.starts_with(b"\x7fELF") {
        return Shape::Elf;
    }
    text_shape(bytes)
}

fn text_shape(bytes: &[u8]) -> Shape {
    let head = &bytes[..bytes.len().min(1024)];
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let starts =
        |prefix: &[u8]| head.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if starts(b"<!doctype") || starts(b"<html") || starts(b"<?xml") {
        Shape::Html
    } else if starts(b"(module") || starts(b"(component") || starts(b";;") {
        Shape::WatText
    } else if starts(b"version https://git-lfs") {
        Shape::GitLfsPointer
    } else if head.starts_with(b"{") || head.starts_with(b"[") {
        Shape::Json
    } else {
        Shape::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_told_by_its_first_bytes() {
        let mut tar = vec![b'f'; 600];
        tar[257..262].copy_from_slice(b"ustar");
        let cases: &[(&[u8], Shape)] = &[
            (b"", Shape::Empty),
            (b"\0", Shape::CutHeader),
            (b"\0asm", Shape::CutHeader),
            (b"\0asm\x01\0\0", Shape::CutHeader),
            (b"\0asm\x01\0\0\0", Shape::Module),
            (b"\0asm\x0d\0\x01\0", Shape::Component),
            (b"\0asm\x02\0\0\0", Shape::UnknownVersion),
            (b"\x1f\x8b\x08", Shape::Gzip),
            (b"\x28\xb5\x2f\xfd", Shape::Zstd),
            (b"PK\x03\x04", Shape::Zip),
            (b"\x7fELF\x02", Shape::Elf),
            (b"  <!DOCTYPE html>", Shape::Html),
            (b"\xef\xbb\xbf<html>", Shape::Html),
            (b"(module)", Shape::WatText),
            (b"{\"message\":\"Not Found\"}", Shape::Json),
            (b"version https://git-lfs.github.com/spec/v1", Shape::GitLfsPointer),
            (b"hello", Shape::Unknown),
            (&tar, Shape::Tar),
        ];
        for (bytes, expected) in cases {
            assert_eq!(shape(bytes), *expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
