//! Small files that unfold to very much: refused at the limit, in bounded time and memory.

use std::time::{Duration, Instant};

use tamis_outbound::source::Hint;
use tamis_outbound::unbox::unbox;
use tamis_outbound::{Limits, UnboxError};

use crate::archives::{file, gzip, tarball};
use crate::stub::limits;

/// Peak resident memory of this process so far, in KiB.
fn peak_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Runs alone in a child process, so that memory is this test's own.
fn measured(name: &str) {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("bombs::{name}"), "--nocapture"])
        .env("TAMIS_OUTBOUND_BOMB", name)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

fn explode(bomb: &[u8], limits: &Limits) -> (UnboxError, Duration, u64) {
    let directory = tempfile::tempdir().unwrap();
    let (input, output) = (directory.path().join("in"), directory.path().join("out"));
    std::fs::write(&input, bomb).unwrap();
    let (before, start) = (peak_memory(), Instant::now());
    let error = unbox(&input, &output, &Hint::default(), limits).unwrap_err();
    assert!(!output.exists());
    (error, start.elapsed(), peak_memory() - before)
}

/// About ten megabytes that unfold to ten gigabytes: many gzip members of a hundred each.
fn ten_gigabytes() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(&mut std::io::Read::take(std::io::repeat(0), 100_000_000), &mut encoder).unwrap();
    encoder.finish().unwrap().repeat(100)
}

#[test]
fn ten_megabytes_of_gzip_that_unfold_to_ten_gigabytes_stop_at_the_limit() {
    let name = "ten_megabytes_of_gzip_that_unfold_to_ten_gigabytes_stop_at_the_limit";
    if std::env::var("TAMIS_OUTBOUND_BOMB").as_deref() != Ok(name) {
        return measured(name);
    }
    let bomb = ten_gigabytes();
    assert!((5_000_000..15_000_000).contains(&bomb.len()), "{}", bomb.len());
    let bounds = Limits { max_unpacked: 256 << 20, ..limits() };
    let (error, time, memory) = explode(&bomb, &bounds);
    println!("plain bomb of {} bytes: {error}; {time:?}, +{memory} KiB", bomb.len());
    assert!(matches!(error, UnboxError::TooLarge { limit } if limit == 256 << 20), "{error}");
    assert!(time < Duration::from_secs(30), "{time:?}");
    assert!(memory < 32 << 10, "{memory} KiB");
}

#[test]
fn a_bomb_inside_gzip_and_tar_stops_at_the_limit() {
    let name = "a_bomb_inside_gzip_and_tar_stops_at_the_limit";
    if std::env::var("TAMIS_OUTBOUND_BOMB").as_deref() != Ok(name) {
        return measured(name);
    }
    let bounds = Limits { max_unpacked: 64 << 20, ..limits() };
    let inner = ten_gigabytes();
    let nested = gzip(&tarball(&[file("plugin.wasm", &inner)]));
    let twice = gzip(&gzip(&inner));
    // Behind the archive's end mark, where nothing is looked for.
    let behind = [gzip(&tarball(&[file("plugin.wasm", b"\0asm")])), inner].concat();
    for bomb in [nested, twice, behind] {
        let (error, time, memory) = explode(&bomb, &bounds);
        println!("nested bomb of {} bytes: {error}; {time:?}, +{memory} KiB", bomb.len());
        assert_eq!(error.kind(), "too-large");
        assert!(time < Duration::from_secs(30), "{time:?}");
        assert!(memory < 32 << 10, "{memory} KiB");
    }
}

#[test]
fn a_plain_file_over_the_limit_is_refused_and_one_at_the_limit_is_not() {
    let bounds = Limits { max_unpacked: 1000, ..limits() };
    for (size, fits) in [(1000, true), (1001, false)] {
        let module = vec![1; size];
        let plain = crate::archives::unpack_with(&module, &Hint::default(), &bounds);
        let packed = crate::archives::unpack_with(&gzip(&module), &Hint::default(), &bounds);
        assert_eq!((plain.is_ok(), packed.is_ok()), (fits, fits), "{size}");
    }
}
