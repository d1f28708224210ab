//! Well-meant files of every supported shape, and which module is taken from them.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tamis_outbound::source::Hint;
use tamis_outbound::unbox::{Unboxed, unbox};
use tamis_outbound::{Limits, UnboxError};
use tar::{EntryType, Header};

use crate::stub::limits;

/// One raw entry: a header and its body.
pub struct Entry {
    pub header: Header,
    pub body: Vec<u8>,
}

pub fn entry(kind: EntryType, path: &str, body: &[u8]) -> Entry {
    let mut header = Header::new_ustar();
    let name = &mut header.as_old_mut().name;
    let length = path.len().min(name.len());
    name[..length].copy_from_slice(&path.as_bytes()[..length]);
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(body.len() as u64);
    header.set_cksum();
    Entry { header, body: body.to_vec() }
}

pub fn file(path: &str, body: &[u8]) -> Entry {
    entry(EntryType::Regular, path, body)
}

/// A PAX header for the entry that follows.
pub fn pax(records: &[(&str, &str)]) -> Entry {
    let mut body = String::new();
    for (key, value) in records {
        let rest = format!(" {key}={value}\n");
        let length =
            (1..4).map(|digits| rest.len() + digits).find(|sum| sum.to_string().len() + rest.len() == *sum);
        body.push_str(&format!("{}{rest}", length.unwrap()));
    }
    entry(EntryType::XHeader, "PaxHeaders/x", body.as_bytes())
}

pub fn tarball(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        bytes.extend_from_slice(entry.header.as_bytes());
        bytes.extend_from_slice(&entry.body);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Runs in a directory of its own and checks that nothing but the output appears in it.
pub fn unpack_with(bytes: &[u8], hint: &Hint, limits: &Limits) -> Result<(Unboxed, Vec<u8>), UnboxError> {
    let directory = tempfile::tempdir().unwrap();
    let inner = directory.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let (input, output) = (inner.join("input"), inner.join("output"));
    std::fs::write(&input, bytes).unwrap();
    let outcome = unbox(&input, &output, hint, limits);
    let listed = |path| std::fs::read_dir(path).unwrap().count();
    assert_eq!(listed(directory.path()), 1, "nothing beside");
    assert_eq!(listed(&inner), 1 + usize::from(outcome.is_ok()), "an output exactly on success");
    outcome.map(|unboxed| (unboxed, std::fs::read(&output).unwrap()))
}

pub fn unpack(bytes: &[u8]) -> Result<(Unboxed, Vec<u8>), UnboxError> {
    unpack_with(bytes, &Hint::default(), &limits())
}

/// Container, name and content in one comparable piece.
fn taken(bytes: &[u8], hint: &Hint) -> (String, String, Vec<u8>) {
    let (unboxed, content) = unpack_with(bytes, hint, &limits()).unwrap();
    assert_eq!(unboxed.bytes, content.len() as u64);
    (unboxed.container, unboxed.name.unwrap_or_default(), content)
}

fn expect(container: &str, name: &str, content: &[u8]) -> (String, String, Vec<u8>) {
    (container.to_owned(), name.to_owned(), content.to_vec())
}

#[test]
fn a_plain_file_is_passed_through_with_the_name_of_its_link() {
    let hint = Hint { file_name: Some("f.wasm".to_owned()), ..Hint::default() };
    let module = [b"\0asm\x01\0\0\0".as_slice(), &[9; 200_000]].concat();
    assert_eq!(taken(&module, &hint), expect("plain", "f.wasm", &module));
    assert_eq!(taken(b"x", &Hint::default()), expect("plain", "", b"x"));
    assert_eq!(taken(b"", &Hint::default()), expect("plain", "", b""));
}

#[test]
fn gzip_and_tar_are_taken_off_in_any_order_up_to_three_layers() {
    let tar = tarball(&[file("a/plugin.wasm", b"\0asm")]);
    let none = Hint::default();
    assert_eq!(taken(&gzip(b"\0asm"), &none), expect("gzip", "", b"\0asm"));
    assert_eq!(taken(&gzip(&gzip(b"\0asm")), &none), expect("gzip+gzip", "", b"\0asm"));
    assert_eq!(taken(&tar, &none), expect("tar", "a/plugin.wasm", b"\0asm"));
    assert_eq!(taken(&gzip(&tar), &none), expect("tar.gz", "a/plugin.wasm", b"\0asm"));
    assert_eq!(taken(&gzip(&gzip(&tar)), &none), expect("gzip+gzip+tar", "a/plugin.wasm", b"\0asm"));
    let inside = tarball(&[file("f.wasm", &gzip(b"\0asm"))]);
    assert_eq!(taken(&gzip(&inside), &none), expect("gzip+tar+gzip", "f.wasm", b"\0asm"));
    let twice = [gzip(b"\0a"), gzip(b"sm")].concat();
    assert_eq!(taken(&twice, &none), expect("gzip", "", b"\0asm"));
}

#[test]
fn the_one_wasm_file_is_taken_wherever_it_is() {
    let bytes = tarball(&[
        entry(EntryType::Directory, "dist/", b""),
        file("dist/README.md", b"readme"),
        file("dist/._filter.wasm", b"mac"),
        file("./dist//Filter.WASM", b"\0asm"),
        file("LICENSE", b"x"),
    ]);
    assert_eq!(taken(&bytes, &Hint::default()), expect("tar", "dist/Filter.WASM", b"\0asm"));
}

#[test]
fn plugin_wasm_is_preferred_before_and_after_others() {
    let others = || [file("a.wasm", b"a longer other module"), file("b.wasm", b"b")];
    let plugin = || file("x/plugin.wasm", b"\0asm");
    for order in 0..3 {
        let mut entries: Vec<Entry> = others().into_iter().collect();
        entries.insert(order, plugin());
        assert_eq!(taken(&tarball(&entries), &Hint::default()), expect("tar", "x/plugin.wasm", b"\0asm"));
    }
}

#[test]
fn a_subdirectory_narrows_the_choice_and_is_matched_by_whole_names() {
    let bytes = tarball(&[
        file("r-1/filters/a/a.wasm", b"a"),
        file("r-1/filters/ab/plugin.wasm", b"ab"),
        file("r-1/filters/b/b.wasm", b"b"),
    ]);
    let below = |directory: &str, wrapped| Hint {
        subdirectory: Some(directory.to_owned()),
        wrapped,
        ..Hint::default()
    };
    assert_eq!(taken(&bytes, &below("filters/a", true)).2, b"a");
    assert_eq!(taken(&bytes, &below("r-1/filters/b", false)).2, b"b");
    assert_eq!(taken(&bytes, &below("filters/b/b.wasm", true)).2, b"b");
    let error = unpack_with(&bytes, &below("filters/c", true), &limits()).unwrap_err();
    assert_eq!(error.to_string(), "the archive holds no .wasm file below \"filters/c\"");
}

#[test]
fn a_named_entry_is_taken_whatever_else_there_is() {
    let bytes = tarball(&[
        file("r-1/plugin.wasm", b"p"),
        file("r-1/filters/a.wasm", b"a"),
        file("r-1/filters/b.bin", &gzip(b"b")),
    ]);
    let named = |entry: &str, subdirectory: Option<&str>| Hint {
        entry: Some(entry.to_owned()),
        subdirectory: subdirectory.map(str::to_owned),
        wrapped: true,
        ..Hint::default()
    };
    assert_eq!(taken(&bytes, &named("filters/a.wasm", None)).2, b"a");
    assert_eq!(taken(&bytes, &named("a.wasm", Some("filters"))).2, b"a");
    assert_eq!(taken(&bytes, &named("filters/b.bin", None)).2, b"b");
    let error = unpack_with(&bytes, &named("a.wasm", None), &limits()).unwrap_err();
    assert_eq!(error.kind(), "no-such-entry");
    assert!(error.to_string().contains("plugin.wasm, filters/a.wasm"), "{error}");
}

#[test]
fn several_modules_without_a_choice_are_listed_up_to_twenty() {
    let entries: Vec<Entry> = (0..30).map(|n| file(&format!("m/{n}.wasm"), b"x")).collect();
    let error = unpack(&tarball(&entries)).unwrap_err();
    let UnboxError::Ambiguous { candidates, .. } = &error else { panic!("{error}") };
    assert_eq!((candidates.len(), candidates[0].as_str()), (20, "m/0.wasm"));
    assert!(error.to_string().contains("`#path/in/archive.wasm`"), "{error}");
    let two = tarball(&[file("a/plugin.wasm", b"a"), file("b/plugin.wasm", b"b")]);
    assert_eq!(unpack(&two).unwrap_err().kind(), "ambiguous");
}

#[test]
fn where_every_module_is_wanted_no_name_wins() {
    let two = tarball(&[file("r-1/a/plugin.wasm", b"a"), file("r-1/b.wasm", b"b")]);
    let hint = Hint { wrapped: true, ..Hint::default() };
    assert_eq!(taken(&two, &hint).2, b"a");
    let error = unpack_with(&two, &Hint { every: true, ..hint }, &limits()).unwrap_err();
    let UnboxError::Ambiguous { candidates, total } = error else { panic!("{error}") };
    assert_eq!((candidates, total), (vec!["a/plugin.wasm".to_owned(), "b.wasm".to_owned()], 2));
}

#[test]
fn long_names_of_both_kinds_are_understood() {
    let long = format!("{}/f.wasm", ["directory-name"; 12].join("/"));
    let gnu = tarball(&[
        entry(EntryType::GNULongName, "././@LongLink", format!("{long}\0").as_bytes()),
        file("cut", b"\0asm"),
    ]);
    assert_eq!(taken(&gnu, &Hint::default()).1, long);
    let posix = tarball(&[pax(&[("mtime", "1.5"), ("path", &long), ("size", "4")]), file("cut", b"\0asm")]);
    assert_eq!(taken(&posix, &Hint::default()).1, long);
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_size(4);
    builder.append_data(&mut header, &long, &b"\0asm"[..]).unwrap();
    assert_eq!(taken(&builder.into_inner().unwrap(), &Hint::default()).1, long);
}

#[test]
fn an_archive_made_by_git_is_understood() {
    let comment = "52 comment=0123456789abcdef0123456789abcdef01234567\n";
    let bytes = tarball(&[
        entry(EntryType::XGlobalHeader, "pax_global_header", comment.as_bytes()),
        entry(EntryType::Directory, "r-1/", b""),
        file("r-1/plugin.wasm", b"\0asm"),
    ]);
    let hint = Hint { wrapped: true, ..Hint::default() };
    assert_eq!(taken(&gzip(&bytes), &hint), expect("tar.gz", "plugin.wasm", b"\0asm"));
}
