//! Archives made to mislead: names that climb, links, devices, headers that contradict each
//! other, cuts at every byte, noise.

use proptest::prelude::*;
use tamis_outbound::UnboxError;
use tamis_outbound::source::Hint;
use tar::EntryType;

use crate::archives::{Entry, entry, file, gzip, pax, tarball, unpack, unpack_with};
use crate::stub::limits;

fn kind_of(entries: &[Entry]) -> &'static str {
    match unpack(&tarball(entries)) {
        Ok((unboxed, _)) => panic!("took {:?}", unboxed.name),
        Err(error) => error.kind(),
    }
}

#[test]
fn names_that_climb_or_hide_are_never_chosen_nor_created() {
    for name in [
        "../../plugin.wasm",
        "a/../plugin.wasm",
        "..",
        "/tmp/tamis-zip-slip/plugin.wasm",
        "//plugin.wasm",
        "a\\..\\plugin.wasm",
        "C:\\plugin.wasm",
        "plugin.wasm\n",
        "a\u{1b}[31m/plugin.wasm",
        ".wasm",
        "",
    ] {
        assert_eq!(kind_of(&[file(name, b"\0asm")]), "no-module", "{name:?}");
    }
    assert!(!std::path::Path::new("/tmp/tamis-zip-slip").exists());
    // A directory to some readers, a file to others.
    assert_eq!(kind_of(&[file("plugin.wasm/", b"\0asm")]), "corrupt");
    assert_eq!(kind_of(&[file("plugin.wasm/", b"")]), "no-module");
    let entry = Hint { entry: Some("../../plugin.wasm".to_owned()), ..Hint::default() };
    let error = unpack_with(&tarball(&[file("../../plugin.wasm", b"x")]), &entry, &limits()).unwrap_err();
    assert_eq!(error.kind(), "no-such-entry");
}

#[test]
fn names_that_are_not_utf8_are_never_chosen() {
    let mut broken = file("xxxxxx/plugin.wasm", b"\0asm");
    broken.header.as_old_mut().name[0] = 0xff;
    broken.header.set_cksum();
    assert_eq!(kind_of(&[broken]), "no-module");
}

#[test]
fn links_and_devices_are_never_followed() {
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
        EntryType::Directory,
    ] {
        let mut link = entry(kind, "plugin.wasm", b"");
        link.header.set_link_name("/etc/passwd").unwrap();
        link.header.set_cksum();
        assert_eq!(kind_of(&[link]), "no-module", "{kind:?}");
        let body = entry(kind, "plugin.wasm", b"a body that some readers would skip and some not");
        assert_eq!(kind_of(&[body]), "corrupt", "{kind:?} with a body");
    }
    // A link to a directory, and then a file through it: the file stands for itself.
    let mut link = entry(EntryType::Symlink, "dir", b"");
    link.header.set_link_name("/tmp").unwrap();
    link.header.set_cksum();
    let (_, content) = unpack(&tarball(&[link, file("dir/plugin.wasm", b"\0asm")])).unwrap();
    assert_eq!(content, b"\0asm");
}

#[test]
fn the_same_name_twice_is_refused() {
    assert_eq!(kind_of(&[file("plugin.wasm", b"good"), file("plugin.wasm", b"evil")]), "corrupt");
    assert_eq!(kind_of(&[file("plugin.wasm", b"good"), file("./plugin.wasm", b"evil")]), "corrupt");
    let hint = Hint { entry: Some("f.bin".to_owned()), ..Hint::default() };
    let bytes = tarball(&[file("f.bin", b"good"), file("f.bin", b"evil")]);
    assert_eq!(unpack_with(&bytes, &hint, &limits()).unwrap_err().kind(), "corrupt");
}

/// A reader that believes the extended header sees one archive, a reader that believes the
/// plain one sees another, with a file hidden in the first one's body.
#[test]
fn extended_headers_that_contradict_the_header_are_refused() {
    let smuggled = tarball(&[file("plugin.wasm", b"evil")]);
    for size in ["0", "3", "512", "1536", "99999999999999999999", "-1", "4x", ""] {
        let entries = [pax(&[("size", size)]), file("innocent.txt", &smuggled)];
        assert_eq!(kind_of(&entries), "corrupt", "{size:?}");
    }
    let right = smuggled.len().to_string();
    let entries = [pax(&[("size", &right)]), file("plugin.wasm", &smuggled)];
    assert_eq!(unpack(&tarball(&entries)).unwrap().1, b"evil", "as a nested archive, openly");
    for records in [&[("path", "a.wasm"), ("path", "b.wasm")][..], &[("size", "4"), ("size", "5")]] {
        assert_eq!(kind_of(&[pax(records), file("x.wasm", b"\0asm")]), "corrupt", "{records:?}");
    }
    assert_eq!(
        kind_of(&[pax(&[("path", "a.wasm")]), pax(&[("path", "b.wasm")]), file("x", b"\0asm")]),
        "corrupt"
    );
    let mut global = pax(&[("path", "plugin.wasm")]);
    global.header.set_entry_type(EntryType::XGlobalHeader);
    global.header.set_cksum();
    assert_eq!(kind_of(&[global, file("x", b"\0asm")]), "corrupt");
}

#[test]
fn malformed_extended_headers_are_refused() {
    for body in
        ["x", "99 path=a\n", "5 a=b", "6 a=bc", "0 a=b\n", " a=b\n", "6 abc\n", "-6 a=b\n", "6 a=b\nrest"]
    {
        let header = entry(EntryType::XHeader, "x", body.as_bytes());
        assert_eq!(kind_of(&[header, file("plugin.wasm", b"\0asm")]), "corrupt", "{body:?}");
    }
    let huge = entry(EntryType::XHeader, "x", &vec![b'x'; 70_000]);
    assert_eq!(kind_of(&[huge, file("plugin.wasm", b"\0asm")]), "corrupt");
    let name = entry(EntryType::GNULongName, "x", &vec![b'x'; 5_000]);
    assert_eq!(kind_of(&[name, file("plugin.wasm", b"\0asm")]), "corrupt");
}

#[test]
fn sparse_files_are_not_supported_in_either_form() {
    assert_eq!(kind_of(&[entry(EntryType::GNUSparse, "plugin.wasm", b"")]), "unsupported");
    let records = [("GNU.sparse.major", "1"), ("GNU.sparse.name", "plugin.wasm")];
    assert_eq!(kind_of(&[pax(&records), file("x", b"\0asm")]), "unsupported");
}

#[test]
fn sizes_that_lie_are_refused() {
    for size in [5, 513, 4096, 1 << 40, u64::MAX >> 1, u64::MAX] {
        let mut lying = file("plugin.wasm", b"\0asm");
        lying.header.set_size(size);
        lying.header.set_cksum();
        let mut bytes = tarball(&[lying]);
        bytes.truncate(1024 - 508);
        let error = unpack(&bytes).unwrap_err();
        assert_eq!(error.kind(), "corrupt", "{size}: {error}");
    }
    let mut wrong_sum = file("plugin.wasm", b"\0asm");
    wrong_sum.header.set_mtime(77);
    assert_eq!(kind_of(&[wrong_sum]), "corrupt");
}

#[test]
fn nesting_and_the_number_of_entries_are_bounded() {
    let mut bytes = b"\0asm".to_vec();
    for _ in 0..4 {
        bytes = gzip(&bytes);
    }
    assert!(matches!(unpack(&bytes), Err(UnboxError::TooDeep { limit: 3 })));
    let mut bytes = b"\0asm".to_vec();
    for _ in 0..4 {
        bytes = tarball(&[file("plugin.wasm", &bytes)]);
    }
    assert!(matches!(unpack(&bytes), Err(UnboxError::TooDeep { limit: 3 })));

    let many: Vec<Entry> = (0..1001).map(|n| file(&format!("{n}.txt"), b"")).collect();
    assert!(matches!(unpack(&tarball(&many)), Err(UnboxError::TooManyEntries { limit: 1000 })));
    assert_eq!(kind_of(&many[..1000]), "no-module");
    let records: Vec<Entry> = (0..1001).map(|_| entry(EntryType::GNULongLink, "x", b"x")).collect();
    assert_eq!(kind_of(&records), "too-many-entries");
}

#[test]
fn other_formats_are_named_with_a_way_out() {
    for (bytes, format) in [
        (&b"PK\x03\x04rest"[..], "zip"),
        (b"PK\x05\x06", "zip"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"\xfd7zXZ\0", "xz"),
        (b"BZh9", "bzip2"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
    ] {
        for bytes in [bytes.to_vec(), gzip(bytes), tarball(&[file("plugin.wasm", bytes)])] {
            let error = unpack(&bytes).unwrap_err();
            assert_eq!(error.kind(), "unsupported");
            assert!(error.to_string().contains(format) && error.to_string().contains("link to"), "{error}");
        }
    }
}

#[test]
fn a_file_cut_at_any_byte_is_never_taken_for_a_whole_one() {
    let module: Vec<u8> = (0..1500u32).map(|n| (n * n % 251) as u8).collect();
    let tar = tarball(&[file("README", b"x"), file("plugin.wasm", &module)]);
    for packed in [gzip(&module), gzip(&tar)] {
        for length in 3..packed.len() {
            let error = unpack(&packed[..length]).unwrap_err();
            assert_eq!(error.kind(), "corrupt", "{length} of {}: {error}", packed.len());
        }
    }
    for length in 512..tar.len() {
        match unpack(&tar[..length]) {
            Ok((_, content)) => assert_eq!(content, module, "{length}"),
            Err(error) => assert!(matches!(error.kind(), "corrupt" | "no-module"), "{length}: {error}"),
        }
    }
}

/// Flipping the distance of a copy inside a run of equal bytes changes nothing; so the module
/// here is noise, and what may stay unnoticed is in the padding of the archive.
#[test]
fn a_flipped_bit_in_a_compressed_file_never_changes_the_module() {
    let mut state = 1u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let module: Vec<u8> = (0..2000).map(|_| noise()).collect();
    let packed = gzip(&tarball(&[file("plugin.wasm", &module)]));
    let mut unnoticed = 0;
    for at in 10..packed.len() {
        let mut flipped = packed.clone();
        flipped[at] ^= 0x10;
        if let Ok((_, content)) = unpack(&flipped) {
            assert_eq!(content, module, "byte {at}");
            unnoticed += 1;
        }
    }
    assert!(unnoticed < 20, "{unnoticed} of {}", packed.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damage_anywhere_in_an_archive_never_brings_more_than_the_limit(
        edits in proptest::collection::vec((0usize..4096, any::<u8>()), 0..12),
        packed: bool,
    ) {
        let mut bytes = tarball(&[
            pax(&[("path", "a/plugin.wasm"), ("size", "4")]),
            file("cut", b"\0asm"),
            entry(EntryType::GNULongName, "x", b"b/other.wasm"),
            file("cut", b"other"),
        ]);
        let end = bytes.len();
        for (at, value) in edits {
            bytes[at % end] = value;
        }
        let bytes = if packed { gzip(&bytes) } else { bytes };
        if let Ok((unboxed, content)) = unpack(&bytes) {
            prop_assert!(unboxed.bytes <= limits().max_unpacked);
            prop_assert_eq!(unboxed.bytes, content.len() as u64);
        }
    }

    #[test]
    fn noise_is_either_passed_through_or_refused(
        head in proptest::sample::select(vec![&b""[..], b"\x1f\x8b\x08", b"\x1f\x8b\x08\x1c", b"\0asm"]),
        noise in proptest::collection::vec(any::<u8>(), 0..2000),
    ) {
        let bytes = [head, &noise].concat();
        if let Ok((unboxed, content)) = unpack(&bytes)
            && unboxed.container == "plain"
        {
            prop_assert_eq!(content, bytes);
        }
    }
}
