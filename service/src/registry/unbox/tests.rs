//! Archives as people pack them, archives made to mislead one reader of two, and bombs.
use super::*;
use crate::registry::{document, forms::FILE};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use std::io::Write;
use tar::{EntryType, Header};

type Entry = (Header, Vec<u8>);

fn entry(kind: u8, path: &str, body: &[u8]) -> Entry {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(EntryType::new(kind));
    header.set_mode(0o644);
    header.set_size(body.len() as u64);
    header.set_cksum();
    (header, body.to_vec())
}

fn file(path: &str, body: &[u8]) -> Entry {
    entry(b'0', path, body)
}

fn pax(records: &[(&str, &str)]) -> Entry {
    let record = |(key, value): &(&str, &str)| {
        let rest = format!(" {key}={value}\n");
        let length = (1..4).map(|n| rest.len() + n).find(|sum| sum.to_string().len() + rest.len() == *sum);
        format!("{}{rest}", length.unwrap())
    };
    entry(b'x', "PaxHeaders/x", records.iter().map(record).collect::<String>().as_bytes())
}

fn tarball(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = vec![];
    for (header, body) in entries {
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(body);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn opened(bytes: &[u8], most: u64) -> (Opened, Vec<u8>) {
    let place = tempfile::tempdir().unwrap();
    let (layer, module) = (place.path().join("layer"), place.path().join("module"));
    std::fs::write(&layer, bytes).unwrap();
    let opened = open(&layer, &module, most).unwrap();
    (opened, std::fs::read(&module).unwrap_or_default())
}

fn of(entries: &[Entry]) -> (Opened, Vec<u8>) {
    opened(&gzip(&tarball(entries)), 1000)
}

#[track_caller]
fn is_refused(entries: &[Entry]) {
    let (found, _) = of(entries);
    assert!(matches!(found, Opened::Ambiguous(_)), "{found:?}");
}

#[test]
fn the_one_file_of_that_name_is_the_module_wherever_it_lies() {
    for name in ["plugin.wasm", "./plugin.wasm", "a/b/plugin.wasm", ".//a/./plugin.wasm"] {
        let entries = [file("README", b"x"), entry(b'5', "a/", b""), file(name, b"wasm"), file("z", b"y")];
        assert_eq!(of(&entries), (Opened::Module, b"wasm".to_vec()), "{name}");
    }
    // With what tar adds for times and long names.
    let long = format!("{}/plugin.wasm", "d".repeat(120));
    let named = [pax(&[("path", &long), ("mtime", "1.5")]), file(&long[..99], b"wasm")];
    assert_eq!(of(&named), (Opened::Module, b"wasm".to_vec()));
    let named = [entry(b'L', "././@LongLink", format!("{long}\0").as_bytes()), file(&long[..99], b"wasm")];
    assert_eq!(of(&named), (Opened::Module, b"wasm".to_vec()));
    assert_eq!(of(&[pax(&[("mtime", "1.5")]), file(FILE, b"wasm")]).0, Opened::Module);
}

#[test]
fn what_holds_none_is_not_judged() {
    assert_eq!(of(&[file("filter.wasm", b"w"), file("._plugin.wasm", b"mac")]).0, Opened::Nothing);
    assert_eq!(of(&[file("plugin.wasm/readme", b"in a directory of that name")]).0, Opened::Nothing);
    assert_eq!(opened(b"neither gzip nor tar", 1000).0, Opened::Nothing);
    assert_eq!(opened(&gzip(b"no tar"), 1000).0, Opened::Nothing);
    let cut = gzip(&tarball(&[file("a", b"x")]));
    assert_eq!(opened(&cut[..cut.len() - 9], 1000).0, Opened::Nothing);
}

#[test]
fn whatever_some_reader_would_take_instead_is_refused() {
    let good = || file(FILE, b"good");
    // Go cuts the slash, and reads the body unless the type says directory.
    for kind in [b'0', 0, b'5', b'7'] {
        is_refused(&[entry(kind, "plugin.wasm/", b"evil"), good()]);
        is_refused(&[entry(kind, "plugin.wasm/", b""), good()]);
    }
    // It looks at no type.
    for kind in [b'7', b'1', b'2', b'3', b'4', b'5', b'6', b'V', b'M', b'D', b'Z', b'g'] {
        is_refused(&[entry(kind, FILE, b""), good()]);
    }
    is_refused(&[entry(b'7', FILE, b"evil"), good()]);
    is_refused(&[entry(b'Z', "./plugin.wasm", b"evil"), good()]);
    is_refused(&[entry(b'S', "else", b""), good()]);
    for twice in ["plugin.wasm", "./plugin.wasm", "a/plugin.wasm", ".//plugin.wasm", "/plugin.wasm"] {
        is_refused(&[good(), file(twice, b"evil")]);
        is_refused(&[file(twice, b"evil"), good()]);
    }
    for other in ["a/../plugin.wasm", "plugin.wasm/a/..", "a\\plugin.wasm", "plugin.wasm/."] {
        is_refused(&[file(other, b"evil"), good()]);
    }
}

#[test]
fn names_that_contradict_each_other_are_refused() {
    let good = || file(FILE, b"good");
    is_refused(&[pax(&[("path", "x"), ("path", FILE)]), file("x", b"evil"), good()]);
    is_refused(&[pax(&[("path", "x")]), pax(&[("path", FILE)]), file("x", b"evil"), good()]);
    is_refused(&[pax(&[("path", FILE)]), pax(&[("mtime", "1")]), file("x", b"evil"), good()]);
    is_refused(&[pax(&[("path", "plugin.wasm\0x")]), file("x", b"evil"), good()]);
    is_refused(&[pax(&[("path", "x")]), file(FILE, b"evil"), good()]);
    is_refused(&[pax(&[("path", "")]), file(FILE, b"evil"), good()]);
    is_refused(&[entry(b'L', "l", b"x"), file(FILE, b"evil"), good()]);
    is_refused(&[entry(b'L', "l", b"x"), pax(&[("path", FILE)]), file("x", b"evil"), good()]);
    let global = |key, value| {
        let (mut header, body) = pax(&[(key, value)]);
        header.set_entry_type(EntryType::XGlobalHeader);
        header.set_cksum();
        (header, body)
    };
    is_refused(&[global("path", FILE), file("x", b"evil"), good()]);
    assert_eq!(of(&[global("comment", "a commit"), good()]).0, Opened::Module);
    // The prefix of a header is a name where there is no other.
    let (mut header, body) = file("", b"evil");
    header.as_mut_bytes()[345..356].copy_from_slice(FILE.as_bytes());
    header.set_cksum();
    is_refused(&[(header, body), good()]);
}

/// Who reads another size finds the next header elsewhere.
#[test]
fn sizes_that_two_readers_read_differently_are_refused() {
    let hidden = tarball(&[file(FILE, b"evil")]);
    for size in [
        *b"\0\0\x0000000004\0",
        *b"+0000000004\0",
        *b"00000000\x004\0\0",
        *b"\x80\0\0\0\0\0\0\0\0\0\0\x04",
        [0; 12],
    ] {
        let (mut header, body) = file("x", b"four");
        header.as_old_mut().size = size;
        header.set_cksum();
        let (found, _) = of(&[(header, body), file(FILE, b"good")]);
        // What the tar crate does not read at all is nobody's module either.
        assert!(matches!(found, Opened::Ambiguous(_) | Opened::Nothing), "{size:?} {found:?}");
    }
    is_refused(&[pax(&[("size", "0")]), file("x", &hidden), file(FILE, b"good")]);
    is_refused(&[entry(b'5', "dir", &hidden), file(FILE, b"good")]);
    is_refused(&[entry(b'2', "link", &hidden), file(FILE, b"good")]);
    let good = tarball(&[file(FILE, b"good")]);
    let (found, _) = opened(&gzip(&[&*good, &*hidden].concat()), 1000);
    assert!(matches!(found, Opened::Ambiguous(_)), "behind the end: {found:?}");
    let mut cut = gzip(&good);
    cut.truncate(cut.len() - 6);
    assert!(matches!(opened(&cut, 1000).0, Opened::Ambiguous(_)), "damaged behind the module");
    let two = [gzip(&good[..1024]), gzip(&hidden)].concat();
    assert!(matches!(opened(&two, 1000).0, Opened::Ambiguous(_)), "in a second member");
}

#[test]
fn bombs_end_early() {
    let zeros = vec![0; 1_000_000];
    assert_eq!(of(&[file(FILE, &zeros)]).0, Opened::TooLarge);
    assert_eq!(of(&[file("other", &zeros), file(FILE, b"w")]).0, Opened::TooLarge);
}

/// Peak resident memory of this process so far, in KiB.
fn peak() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A record of that type and size, of one letter, as a gzip that was never in memory unpacked.
fn record_bomb(kind: u8, size: u64) -> Vec<u8> {
    let (mut header, _) = entry(kind, "record", b"");
    header.set_size(size);
    header.set_cksum();
    let mut gzip = GzEncoder::new(vec![], Compression::fast());
    gzip.write_all(header.as_bytes()).unwrap();
    std::io::copy(&mut std::io::Read::take(std::io::repeat(b'a'), size), &mut gzip).unwrap();
    gzip.write_all(&tarball(&[file(FILE, b"good")])).unwrap();
    gzip.finish().unwrap()
}

/// Other tests run beside this one: the bound is generous, and far below what the records unfold to.
#[test]
fn a_record_of_hundreds_of_megabytes_is_not_read_into_memory() {
    let bombs: Vec<_> = [b'L', b'K', b'x', b'g'].map(|kind| record_bomb(kind, 384 << 20)).into();
    let before = peak();
    for bomb in bombs {
        assert!(bomb.len() < 4 << 20);
        let (found, _) = opened(&bomb, 64 << 20);
        assert!(matches!(found, Opened::Ambiguous(_)), "{found:?}");
    }
    // The kernel counts roughly: it may say less than before.
    let more = peak().saturating_sub(before);
    assert!(more < 200 << 10, "{more} KiB");
}

fn layers(media_type: &str, kinds: &[&str]) -> Result<Option<(Box, String)>> {
    let one = |(n, kind): (usize, &&str)| -> Value {
        json!({"mediaType": kind, "digest": format!("sha256:{n:064x}"), "size": 1})
    };
    let all: Vec<_> = kinds.iter().enumerate().map(one).collect();
    let config = json!({"mediaType": "application/json", "digest": format!("sha256:{:064x}", 99), "size": 2});
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": all});
    let document = document::read(&serde_json::to_vec(&manifest).unwrap(), media_type).unwrap();
    Ok(layer(media_type, &document)?.map(|(kind, l)| (kind, l.digest.clone())))
}

#[test]
fn an_image_has_one_form() {
    const SOLO_CONFIG: &str = "application/vnd.module.wasm.config.v1+json";
    let at = |kind, n: usize| Some((kind, format!("sha256:{n:064x}")));
    assert_eq!(layers(IMAGE, &[LAYER]).unwrap(), at(Box::Archive, 0));
    assert_eq!(layers(IMAGE, &[LAYER, LAYER]).unwrap(), at(Box::Archive, 1));
    assert_eq!(layers(IMAGE, &[WASM_LAYER]).unwrap(), at(Box::Raw, 0));
    assert_eq!(layers(IMAGE, &[SOLO_CONFIG, SOLO_LAYER]).unwrap(), at(Box::Raw, 1));
    assert_eq!(layers(DOCKER, &[DOCKER_LAYER]).unwrap(), at(Box::Archive, 0));
    assert_eq!(layers(IMAGE, &["text/plain"]).unwrap(), None);
    let hybrids: [&[&str]; 7] = [
        &[SOLO_LAYER, LAYER],
        &[LAYER, SOLO_LAYER],
        &[WASM_LAYER, LAYER],
        &[SOLO_LAYER, DOCKER_LAYER],
        &[SOLO_LAYER, SOLO_LAYER],
        &[SOLO_LAYER, WASM_LAYER],
        &[SOLO_LAYER, "application/vnd.oci.image.layer.v1.tar"],
    ];
    for kinds in hybrids {
        for media_type in [IMAGE, DOCKER] {
            assert!(layers(media_type, kinds).is_err(), "{media_type} {kinds:?}");
        }
    }
}
