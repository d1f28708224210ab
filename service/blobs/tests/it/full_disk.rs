//! A directory on a disk that fills up. Needs root, for a tmpfs of a few megabytes.

use std::path::Path;
use std::process::Command;

use futures_util::TryStreamExt;
use tamis_blobs::{BlobError, BlobStore, Entry, LocalStore};
use tempfile::TempDir;

use crate::subject::{Sample, put, read_all, sample};

struct Disk(TempDir);

impl Disk {
    fn mount(options: &str) -> Self {
        let point = tempfile::tempdir().unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(point.path()).status();
        assert!(mounted.unwrap().success(), "mounting a tmpfs needs root");
        Self(point)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// Puts objects until the disk is full; returns those that were acknowledged.
async fn fill(store: &LocalStore, length: usize) -> Vec<Sample> {
    let mut kept = Vec::new();
    for seed in 0..1000 {
        let sample = sample(length, seed);
        match put(store, &sample).await {
            Ok(()) => kept.push(sample),
            Err(BlobError::Full(_)) => {
                assert_eq!(store.stat(&sample.key).await, Ok(None));
                return kept;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("the disk never fills up");
}

async fn a_full_disk(options: &str, length: usize) {
    let disk = Disk::mount(options);
    let store = LocalStore::open(disk.path()).await.unwrap();
    let kept = fill(&store, length).await;
    assert!(kept.len() > 2);
    for sample in &kept {
        assert_eq!(read_all(&store, sample).await.unwrap(), sample.bytes);
    }
    let entries: Vec<Entry> = store.list().try_collect().await.unwrap();
    assert_eq!(entries.len(), kept.len());

    // Space returns: no restart is needed.
    store.delete(&kept[0].key).await.unwrap();
    store.delete(&kept[1].key).await.unwrap();
    store.health().await.unwrap();
    put(&store, &kept[0]).await.unwrap();
    assert_eq!(read_all(&store, &kept[0]).await.unwrap(), kept[0].bytes);
}

#[tokio::test]
async fn a_disk_without_space_is_full_and_recovers_when_space_returns() {
    a_full_disk("size=8m", 1_000_000).await;
}

#[tokio::test]
async fn a_disk_without_inodes_is_full_and_recovers_when_some_return() {
    a_full_disk("nr_inodes=300", 10).await;
}

#[tokio::test]
async fn a_disk_filled_by_others_to_the_last_page_is_unhealthy() {
    let disk = Disk::mount("size=2m");
    let store = LocalStore::open(disk.path()).await.unwrap();
    let filled = std::fs::write(disk.path().join("ballast"), vec![0; 3 << 20]);
    assert!(filled.is_err());
    assert!(matches!(store.health().await, Err(BlobError::Full(_))));
    std::fs::remove_file(disk.path().join("ballast")).unwrap();
    store.health().await.unwrap();
}
