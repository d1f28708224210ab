//! The process is killed at each fail point, in a child process; afterwards the object is there as a
//! whole or not at all, and the same call made again succeeds.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use futures_util::TryStreamExt;
use tamis_blobs::{BlobStore, Entry, FAIL_POINTS, LocalStore, Location, S3Store, connect};

use crate::in_process::Server;
use crate::subject::{Sample, put, read_all, sample};

const WHERE: &str = "TAMIS_CRASH_LOCATION";
const SIZE: &str = "TAMIS_CRASH_SIZE";
const SIGABRT: i32 = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Absent,
    Whole,
}

const LOCAL: &[(&str, After)] = &[
    ("blob.after-temp-write", After::Absent),
    ("blob.before-link", After::Absent),
    ("blob.after-link", After::Whole),
    ("blob.before-delete", After::Whole),
    ("blob.after-delete", After::Absent),
];

const S3: &[(&str, After)] = &[
    ("blob.before-put", After::Absent),
    ("blob.before-complete", After::Absent),
    ("blob.after-put", After::Whole),
    ("blob.before-delete", After::Whole),
    ("blob.after-delete", After::Absent),
];

#[test]
fn every_fail_point_is_crashed_at() {
    let tried: BTreeSet<_> = LOCAL.iter().chain(S3).map(|(point, _)| *point).collect();
    assert_eq!(tried, FAIL_POINTS.iter().copied().collect());
}

/// What the child process runs; in a run of the whole suite there is nothing for it to do.
#[test]
fn the_child_that_crashes() {
    let Ok(location) = std::env::var(WHERE) else { return };
    let size = std::env::var(SIZE).unwrap().parse().unwrap();
    let location: Location = location.parse().unwrap();
    let (access, secret) =
        (std::env::var("TAMIS_S3_ACCESS_KEY").ok(), std::env::var("TAMIS_S3_SECRET_KEY").ok());
    let location = location.with_credentials(access, secret).unwrap();
    let deletes = std::env::var("FAILPOINTS").unwrap().contains("delete");
    let _points = fail::FailScenario::setup();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = connect(&location).await.unwrap();
        let sample = sample(size, 1);
        if deletes {
            store.delete(&sample.key).await.unwrap();
        } else {
            put(&*store, &sample).await.unwrap();
        }
    });
}

async fn crash(point: &str, location: &str, keys: (&str, &str), size: usize) {
    // What the child would have tidied up goes with this directory.
    let scratch = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "crash::the_child_that_crashes"]).stdout(Stdio::null()).stderr(Stdio::null());
    child
        .env("FAILPOINTS", format!("{point}=return(abort)"))
        .env(WHERE, location)
        .env(SIZE, size.to_string());
    child.env("TMPDIR", scratch.path());
    child.env("TAMIS_S3_ACCESS_KEY", keys.0).env("TAMIS_S3_SECRET_KEY", keys.1);
    let status = tokio::task::spawn_blocking(move || child.status().unwrap()).await.unwrap();
    assert_eq!(status.signal(), Some(SIGABRT), "{point} was not reached: {status}");
}

async fn holds(store: &dyn BlobStore, sample: &Sample, after: After, point: &str) {
    let found = store.stat(&sample.key).await.unwrap();
    assert_eq!(found.is_some(), after == After::Whole, "{point}");
    if after == After::Whole {
        assert!(read_all(store, sample).await.unwrap() == sample.bytes, "{point}");
    }
    let entries: Vec<Entry> = store.list().try_collect().await.unwrap();
    assert_eq!(entries.len(), usize::from(found.is_some()), "{point}: {entries:?}");
}

#[tokio::test]
async fn a_directory_holds_the_whole_object_or_none_after_a_crash_at_any_point() {
    for (point, after) in LOCAL {
        let root = tempfile::tempdir().unwrap();
        let sample = sample(300_000, 1);
        let store = LocalStore::open(root.path()).await.unwrap();
        if point.contains("delete") {
            put(&store, &sample).await.unwrap();
        }
        crash(point, root.path().to_str().unwrap(), ("", ""), 300_000).await;

        let store = LocalStore::open(root.path()).await.unwrap();
        holds(&store, &sample, *after, point).await;
        store.sweep(i64::MAX).await.unwrap();
        assert_eq!(std::fs::read_dir(root.path().join(".tmp")).unwrap().count(), 0, "{point}");
        put(&store, &sample).await.unwrap();
        holds(&store, &sample, After::Whole, point).await;
    }
}

#[tokio::test]
async fn a_bucket_holds_the_whole_object_or_none_after_a_crash_at_any_point() {
    for (point, after) in S3 {
        let server = Server::start().await;
        let config = server.config(server.address);
        let sample = sample(17 * 1024 * 1024, 1);
        let store = S3Store::connect(config.clone()).await.unwrap();
        if point.contains("delete") {
            put(&store, &sample).await.unwrap();
        }
        let location = format!("s3://{}/pre/fix?endpoint=http://{}", config.bucket, server.address);
        let keys = (config.access_key.unwrap(), config.secret_key.unwrap());
        crash(point, &location, (&keys.0, &keys.1), sample.bytes.len()).await;

        holds(&store, &sample, *after, point).await;
        put(&store, &sample).await.unwrap();
        holds(&store, &sample, After::Whole, point).await;
    }
}
