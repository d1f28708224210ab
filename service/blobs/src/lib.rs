//! Where module bytes live: one narrow streaming trait over a directory or an S3-compatible bucket.
//!
//! Owns keys, durable writes, confirmation by the store, and the check that nobody is ever handed wrong
//! bytes. It must not know the database, HTTP or what a module means. Nothing outside this crate may
//! know the AWS SDK.

mod error;
mod failpoints;
mod key;
mod local;
mod location;
mod s3;
mod verified;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

pub use error::BlobError;
pub use failpoints::FAIL_POINTS;
pub use key::BlobKey;
pub use local::LocalStore;
pub use location::{Location, LocationError};
pub use s3::{S3Config, S3Store};
pub use verified::verified;

/// An opened object. `size` is what the store claims; only [`verified`] turns the claim into a fact.
pub struct Blob {
    pub size: u64,
    pub stream: BoxStream<'static, Result<Bytes, BlobError>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    pub size: u64,
}

/// One object found by [`BlobStore::list`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `None` when the name is not one that this crate writes.
    pub key: Option<BlobKey>,
    /// The name below the root of the store, as found.
    pub name: String,
    pub size: u64,
    /// Last modification in microseconds since the epoch, by the store's own clock.
    pub modified_us: i64,
}

/// What every store can do. All operations may be repeated: a caller that does not know how one ended
/// asks for it again.
#[async_trait]
pub trait BlobStore: Send + Sync + 'static {
    /// Stores the file and returns only after the store has confirmed that it holds exactly these
    /// bytes. The file stays; nobody may write to it meanwhile. Dropping the future does not stop a
    /// transfer that has begun.
    async fn put_file(
        &self,
        key: &BlobKey,
        path: &Path,
        size: u64,
        sha256: [u8; 32],
    ) -> Result<(), BlobError>;

    /// Opens the raw object; pass it through [`verified`] before anyone else sees a byte.
    async fn open(&self, key: &BlobKey) -> Result<Blob, BlobError>;

    /// `None` only when the store has said that the object is absent, never when it could not say.
    async fn stat(&self, key: &BlobKey) -> Result<Option<Stat>, BlobError>;

    /// Removes the object; an absent one is fine.
    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError>;

    /// Everything below the root, in no particular order; unknown names come with `key: None`.
    fn list(&self) -> BoxStream<'static, Result<Entry, BlobError>>;

    /// Forgets what interrupted puts left behind before `before_us` (microseconds since the epoch);
    /// returns how many leftovers that were.
    async fn sweep(&self, before_us: i64) -> Result<u64, BlobError>;

    /// Whether the store can be used now. `Full` means that reading still works.
    async fn health(&self) -> Result<(), BlobError>;

    /// Where the store is, for logs and people. Holds no secret.
    fn describe(&self) -> String;
}

/// Opens the store at `location`. For a bucket nothing is sent yet: a store that is away for the moment
/// is no reason not to start, and `health` tells.
pub async fn connect(location: &Location) -> Result<Arc<dyn BlobStore>, BlobError> {
    Ok(match location {
        Location::Local(root) => Arc::new(LocalStore::open(root).await?),
        Location::S3(config) => Arc::new(S3Store::connect(config.clone()).await?),
    })
}
