//! Objects as plain files: `<root>/modules/sha256/ab/<hex>.<generation>`, drafts in `<root>/.tmp`.
//!
//! A name exists only with all its bytes on the disk: temp file, fsync, link, fsync of the directory.
//! Knows nothing of S3.

mod files;
mod publish;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio_util::io::ReaderStream;

use crate::failpoints::hit;
use crate::{Blob, BlobError, BlobKey, BlobStore, Entry, Stat};

/// Enough to keep a disk busy, little enough for thousands of readers.
const CHUNK: usize = 128 * 1024;

#[derive(Clone)]
pub struct LocalStore {
    root: Arc<Path>,
    /// Keys whose last fsync failed: what is in the page cache under that name proves nothing about the
    /// disk, so the next put writes it afresh.
    doubtful: Arc<Mutex<HashSet<BlobKey>>>,
}

impl LocalStore {
    /// Opens the directory, creates it when absent, and removes drafts older than a day.
    pub async fn open(root: &Path) -> Result<Self, BlobError> {
        let root: Arc<Path> =
            std::path::absolute(root).map_err(|e| BlobError::io(root.display(), &e))?.into();
        let store = Self { root, doubtful: Arc::default() };
        store.run(|store| files::prepare(&store.root)).await?;
        Ok(store)
    }

    fn path(&self, key: &BlobKey) -> PathBuf {
        self.root.join(key.as_str())
    }

    fn is_doubtful(&self, key: &BlobKey) -> bool {
        self.doubtful.lock().map_or(true, |keys| keys.contains(key))
    }

    fn mark(&self, key: &BlobKey, doubtful: bool) {
        if let Ok(mut keys) = self.doubtful.lock() {
            if doubtful {
                keys.insert(key.clone());
            } else {
                keys.remove(key);
            }
        }
    }

    /// File systems know no async: every call runs on the blocking pool, and runs to its end even if
    /// the caller has gone.
    async fn run<T, F>(&self, work: F) -> Result<T, BlobError>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> Result<T, BlobError> + Send + 'static,
    {
        let store = self.clone();
        match tokio::task::spawn_blocking(move || work(&store)).await {
            Ok(result) => result,
            Err(error) => Err(BlobError::Internal(error.to_string())),
        }
    }
}

#[async_trait]
impl BlobStore for LocalStore {
    async fn put_file(
        &self,
        key: &BlobKey,
        path: &Path,
        size: u64,
        sha256: [u8; 32],
    ) -> Result<(), BlobError> {
        key.names(&sha256)?;
        let (key, source) = (key.clone(), path.to_owned());
        self.run(move |store| publish::publish(store, &key, &source, size, sha256)).await
    }

    async fn open(&self, key: &BlobKey) -> Result<Blob, BlobError> {
        let key = key.clone();
        let path = self.path(&key);
        let (file, size) = self
            .run(move |store| {
                let path = store.path(&key);
                let stat = files::regular(&path)?.ok_or(BlobError::NotFound)?;
                match std::fs::File::open(&path) {
                    Ok(file) => Ok((file, stat.len())),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(BlobError::NotFound),
                    Err(error) => Err(BlobError::io(path.display(), &error)),
                }
            })
            .await?;
        let mut file = tokio::fs::File::from_std(file);
        file.set_max_buf_size(CHUNK);
        let stream = ReaderStream::with_capacity(file, CHUNK)
            .map(move |chunk| chunk.map_err(|e| BlobError::io(path.display(), &e)))
            .boxed();
        Ok(Blob { size, stream })
    }

    async fn stat(&self, key: &BlobKey) -> Result<Option<Stat>, BlobError> {
        let key = key.clone();
        self.run(move |store| Ok(files::regular(&store.path(&key))?.map(|stat| Stat { size: stat.len() })))
            .await
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        let key = key.clone();
        self.run(move |store| {
            hit("blob.before-delete")?;
            files::remove(&store.path(&key))?;
            hit("blob.after-delete")
        })
        .await
    }

    fn list(&self) -> BoxStream<'static, Result<Entry, BlobError>> {
        // One directory at a time: there are 256 of them for modules, so each batch stays small.
        let start = (self.clone(), vec![PathBuf::new()]);
        stream::unfold(start, |(store, mut pending)| async move {
            let directory = pending.pop()?;
            let batch = store.run(move |store| files::read_directory(&store.root, &directory)).await;
            let items = match batch {
                Ok((directories, entries)) => {
                    pending.extend(directories);
                    entries.into_iter().map(Ok).collect()
                }
                Err(error) => vec![Err(error)],
            };
            Some((stream::iter(items), (store, pending)))
        })
        .flatten()
        .boxed()
    }

    async fn sweep(&self, before_us: i64) -> Result<u64, BlobError> {
        self.run(move |store| files::sweep(&store.root, before_us)).await
    }

    async fn health(&self) -> Result<(), BlobError> {
        self.run(|store| files::probe(&store.root).map(|_| ())).await
    }

    fn describe(&self) -> String {
        format!("directory {}", self.root.display())
    }
}
