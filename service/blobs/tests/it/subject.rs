//! A store under test, a way to put raw bytes under any name behind its back, and the small things all
//! tests do: make bytes, put them, read them.

use std::ops::Range;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use sha2::{Digest, Sha256};
use tamis_blobs::{BlobError, BlobKey, BlobStore, verified};
use tempfile::{NamedTempFile, TempDir};

type Plant = Box<dyn Fn(String, Vec<u8>) -> BoxFuture<'static, ()> + Send + Sync>;

pub struct Subject {
    pub store: Arc<dyn BlobStore>,
    /// Writes bytes under a name below the root, as anyone with access to the disk or bucket could.
    pub plant: Plant,
    /// Enough objects to make the listing turn its page.
    pub many: usize,
    /// Lives as long as the store.
    pub _directory: Option<TempDir>,
}

impl Subject {
    pub fn over_directory(store: Arc<dyn BlobStore>, root: TempDir, below: &str) -> Self {
        let base = root.path().join(below);
        let plant: Plant = Box::new(move |name, bytes| {
            let path = base.join(name);
            Box::pin(async move {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                // The object may be a hard link; a corrupted disk changes this name only.
                let _ = std::fs::remove_file(&path);
                std::fs::write(path, bytes).unwrap();
            })
        });
        Self { store, plant, many: 1100, _directory: Some(root) }
    }
}

/// Bytes, what they are called, and a file that holds them.
pub struct Sample {
    pub bytes: Vec<u8>,
    pub sha256: [u8; 32],
    pub key: BlobKey,
    pub file: NamedTempFile,
}

/// `length` bytes that look random and are the same for the same seed.
pub fn sample(length: usize, seed: u64) -> Sample {
    let mut state = seed.wrapping_mul(2).wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    let sha256: [u8; 32] = Sha256::digest(&bytes).into();
    let key = BlobKey::module(&hex::encode(sha256), 0).unwrap();
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    Sample { bytes, sha256, key, file }
}

pub async fn put(store: &dyn BlobStore, sample: &Sample) -> Result<(), BlobError> {
    store.put_file(&sample.key, sample.file.path(), sample.bytes.len() as u64, sample.sha256).await
}

/// What a reader of the range gets: the bytes until the end or the error, and the error.
pub async fn read(
    store: &dyn BlobStore,
    sample: &Sample,
    range: Range<u64>,
) -> (Vec<u8>, Result<(), BlobError>) {
    let blob = match store.open(&sample.key).await {
        Ok(blob) => blob,
        Err(error) => return (Vec::new(), Err(error)),
    };
    let mut stream = verified(blob, sample.sha256, range);
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(error) => return (bytes, Err(error)),
        }
    }
    (bytes, Ok(()))
}

pub async fn read_all(store: &dyn BlobStore, sample: &Sample) -> Result<Vec<u8>, BlobError> {
    let (bytes, end) = read(store, sample, 0..sample.bytes.len() as u64).await;
    end.map(|()| bytes)
}
