//! One confirmed upload: ask, send, read back. What the store answers to the upload itself proves
//! nothing; gateways have acknowledged objects that they then held empty, cut or not at all.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;

use super::config::{Deadline, deadline};
use super::errors::classify_put;
use super::part::file_part;
use super::{S3Store, multipart};
use crate::failpoints::hit;
use crate::{BlobError, BlobKey, BlobStore, verified};

impl S3Store {
    pub(super) async fn put(
        &self,
        key: &BlobKey,
        path: &Path,
        size: u64,
        sha256: [u8; 32],
    ) -> Result<(), BlobError> {
        let _permit = self.uploads.acquire().await.map_err(|e| BlobError::Internal(e.to_string()))?;
        match self.examine(key, size, sha256).await {
            // Not sent again: some engines break readers of an object that is overwritten.
            Ok(()) => return Ok(()),
            Err(BlobError::NotFound | BlobError::Corrupt { .. }) => {}
            Err(error) => return Err(error),
        }
        let length = tokio::fs::metadata(path).await.map(|stat| stat.len());
        let length =
            length.map_err(|e| BlobError::Internal(format!("the file to store, {}: {e}", path.display())))?;
        if length != size {
            return Err(BlobError::corrupt(
                &sha256,
                format!("the file to store has {length} bytes, not {size}"),
            ));
        }
        hit("blob.before-put")?;
        if size > multipart::THRESHOLD {
            self.put_in_parts(key, path, size, sha256).await?;
        } else {
            self.put_whole(key, path, size, sha256).await?;
        }
        hit("blob.after-put")?;
        self.examine(key, size, sha256).await.map_err(|error| match error {
            BlobError::NotFound => BlobError::Unavailable(format!("{key} was accepted but is not there")),
            other => other,
        })
    }

    /// Reads the object back and hashes all of it.
    async fn examine(&self, key: &BlobKey, size: u64, sha256: [u8; 32]) -> Result<(), BlobError> {
        let blob = self.open(key).await?;
        if blob.size != size {
            return Err(BlobError::corrupt(
                &sha256,
                format!("{key} has {} bytes instead of {size}", blob.size),
            ));
        }
        let mut rest = verified(blob, sha256, 0..0);
        while let Some(nothing) = rest.next().await {
            nothing?;
        }
        Ok(())
    }

    async fn put_whole(
        &self,
        key: &BlobKey,
        path: &Path,
        size: u64,
        sha256: [u8; 32],
    ) -> Result<(), BlobError> {
        let ours = STANDARD.encode(sha256);
        let request = self.client.put_object().bucket(self.bucket()).key(self.name(key));
        let request = request.content_length(size as i64).body(file_part(path, 0, size).await?);
        let request =
            request.set_checksum_sha256((!self.config.checksums_when_required).then(|| ours.clone()));
        let sent = request.customize().config_override(deadline(Deadline::Transfer(size))).send().await;
        let stored = sent.map_err(|error| classify_put(&sha256, format_args!("storing {key}"), error))?;
        match stored.checksum_sha256() {
            Some(theirs) if theirs != ours => {
                Err(BlobError::corrupt(&sha256, format!("storing {key}: the store has checksum {theirs}")))
            }
            _ => Ok(()),
        }
    }
}
