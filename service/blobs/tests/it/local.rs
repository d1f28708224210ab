//! The contract over a directory, and what only a directory can get wrong.

use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt;
use tamis_blobs::{BlobError, BlobStore, Entry, LocalStore, Location, connect};

use crate::contract::contract;
use crate::subject::{Subject, put, read_all, sample};

async fn open() -> Subject {
    let root = tempfile::tempdir().unwrap();
    let store = connect(&Location::Local(root.path().join("blobs"))).await.unwrap();
    Subject::over_directory(store, root, "blobs")
}

contract!(open);

fn drafts(root: &Path) -> Vec<PathBuf> {
    fs::read_dir(root.join(".tmp")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn no_draft_stays_after_a_put_whether_it_succeeded_or_not() {
    let root = tempfile::tempdir().unwrap();
    let store = LocalStore::open(root.path()).await.unwrap();
    let good = sample(5000, 1);
    let mut bad = sample(5000, 2);
    bad.sha256 = good.sha256;
    bad.key = good.key.clone();
    assert!(matches!(put(&store, &bad).await, Err(BlobError::Corrupt { .. })));
    put(&store, &good).await.unwrap();
    assert_eq!(drafts(root.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn drafts_older_than_a_day_are_swept_at_start_and_younger_ones_are_not() {
    let root = tempfile::tempdir().unwrap();
    let store = LocalStore::open(root.path()).await.unwrap();
    let (old, young) = (root.path().join(".tmp/put-old"), root.path().join(".tmp/put-young"));
    fs::write(&old, b"half an object").unwrap();
    fs::write(&young, b"half an object").unwrap();
    let written = fs::metadata(&young).unwrap().modified().unwrap();
    let yesterday = written - Duration::from_secs(25 * 3600);
    File::options()
        .write(true)
        .open(&old)
        .unwrap()
        .set_times(FileTimes::new().set_modified(yesterday))
        .unwrap();

    LocalStore::open(root.path()).await.unwrap();
    assert_eq!(drafts(root.path()), vec![young.clone()]);

    let micros = written.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros() as i64;
    assert_eq!(store.sweep(micros - 1_000_000).await, Ok(0));
    assert_eq!(store.sweep(micros + 1_000_000).await, Ok(1));
    assert!(!young.exists());
}

#[tokio::test]
async fn drafts_are_no_objects() {
    let root = tempfile::tempdir().unwrap();
    let store = LocalStore::open(root.path()).await.unwrap();
    fs::write(root.path().join(".tmp/put-x"), b"half").unwrap();
    let entries: Vec<Entry> = store.list().try_collect().await.unwrap();
    assert_eq!(entries, []);
}

#[tokio::test]
async fn a_link_under_an_objects_name_is_neither_followed_nor_listed_as_ours() {
    let root = tempfile::tempdir().unwrap();
    let store = LocalStore::open(root.path()).await.unwrap();
    let sample = sample(100, 3);
    // A file of the test's own: a store that follows the link must not hurt the machine.
    let outside = tempfile::NamedTempFile::new().unwrap();
    fs::write(outside.path(), b"not an object").unwrap();
    std::os::unix::fs::symlink(outside.path(), root.path().join(sample.key.as_str())).unwrap();
    assert!(matches!(store.open(&sample.key).await, Err(BlobError::Internal(_))));
    assert!(matches!(store.stat(&sample.key).await, Err(BlobError::Internal(_))));
    let entries: Vec<Entry> = store.list().try_collect().await.unwrap();
    assert_eq!(entries.iter().map(|entry| &entry.key).collect::<Vec<_>>(), [&None]);

    put(&store, &sample).await.unwrap();
    assert_eq!(read_all(&store, &sample).await.unwrap(), sample.bytes);
    assert_eq!(fs::read(outside.path()).unwrap(), b"not an object");
}

#[tokio::test]
async fn a_shard_that_was_tidied_away_comes_back() {
    let root = tempfile::tempdir().unwrap();
    let store = LocalStore::open(root.path()).await.unwrap();
    let sample = sample(100, 4);
    fs::remove_dir(root.path().join(sample.key.as_str()).parent().unwrap()).unwrap();
    assert_eq!(store.stat(&sample.key).await, Ok(None));
    put(&store, &sample).await.unwrap();
    assert_eq!(read_all(&store, &sample).await.unwrap(), sample.bytes);
}

#[tokio::test]
async fn a_volume_that_is_gone_is_unavailable_and_nothing_is_written_where_it_was() {
    let parent = tempfile::tempdir().unwrap();
    let (root, away) = (parent.path().join("blobs"), parent.path().join("away"));
    let store = LocalStore::open(&root).await.unwrap();
    let sample = sample(100, 5);
    fs::rename(&root, &away).unwrap();
    fs::create_dir(&root).unwrap();
    assert!(matches!(put(&store, &sample).await, Err(BlobError::Unavailable(_))));
    assert!(matches!(store.health().await, Err(BlobError::Unavailable(_))));
    assert_eq!(fs::read_dir(&root).unwrap().count(), 0);

    fs::remove_dir(&root).unwrap();
    fs::rename(&away, &root).unwrap();
    store.health().await.unwrap();
    put(&store, &sample).await.unwrap();
    assert_eq!(read_all(&store, &sample).await.unwrap(), sample.bytes);
}

#[tokio::test]
async fn a_reader_keeps_its_object_when_it_is_deleted_or_replaced_meanwhile() {
    let root = tempfile::tempdir().unwrap();
    let store: Arc<dyn BlobStore> = Arc::new(LocalStore::open(root.path()).await.unwrap());
    let sample = sample(1_000_000, 6);
    put(&*store, &sample).await.unwrap();
    let blob = store.open(&sample.key).await.unwrap();
    store.delete(&sample.key).await.unwrap();
    put(&*store, &sample).await.unwrap();
    let chunks: Vec<_> =
        tamis_blobs::verified(blob, sample.sha256, 0..1_000_000).try_collect().await.unwrap();
    assert!(chunks.concat() == sample.bytes);
}
