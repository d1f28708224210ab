//! A full disk is our trouble and is told apart from the remote's. `/dev/full` stands for it,
//! behind a link, so that cleaning up removes the link only.

use std::path::PathBuf;

use tamis_outbound::source::Hint;
use tamis_outbound::unbox::unbox;

use crate::stub::{Answer, Stub, client, limits, ok};

fn full_disk() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("spool");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    (directory, path)
}

#[tokio::test]
async fn a_download_onto_a_full_disk_says_so() {
    let stub = Stub::start(|_| Answer::Bytes(ok(&[0; 200_000]))).await;
    let (_keep, path) = full_disk();
    let error = client(&["127.0.0.0/8"]).fetch_to_file(&stub.url("/"), &path).await.unwrap_err();
    assert!(error.is_out_of_space(), "{error}");
    assert_eq!(error.kind(), "io");
    assert!(std::fs::exists("/dev/full").unwrap());
}

#[test]
fn unpacking_onto_a_full_disk_says_so() {
    let (keep, path) = full_disk();
    let input = keep.path().join("input");
    std::fs::write(&input, b"\0asm\x01\0\0\0").unwrap();
    let error = unbox(&input, &path, &Hint::default(), &limits()).unwrap_err();
    assert!(error.is_out_of_space(), "{error}");
    assert!(std::fs::exists("/dev/full").unwrap());
}

#[test]
fn a_file_that_is_not_there_is_no_full_disk() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let error = unbox(&missing, &directory.path().join("out"), &Hint::default(), &limits()).unwrap_err();
    assert_eq!((error.kind(), error.is_out_of_space()), ("io", false));
    assert!(!directory.path().join("out").exists());
}
