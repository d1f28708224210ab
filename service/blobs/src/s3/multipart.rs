//! Large uploads in parts, and getting rid of those that never finished: a bucket keeps (and bills)
//! their parts for ever.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::config::{Deadline, deadline};
use super::errors::{classify, classify_put, status};
use super::part::file_part;
use super::{S3Store, micros};
use crate::failpoints::hit;
use crate::{BlobError, BlobKey};

/// Files above this size go in parts, so that a broken connection costs one part and not all.
pub(super) const THRESHOLD: u64 = 16 * 1024 * 1024;
const MOST_PARTS: u64 = 10_000;

/// One upload in progress.
struct Upload<'a> {
    store: &'a S3Store,
    key: &'a BlobKey,
    path: &'a Path,
    size: u64,
    sha256: [u8; 32],
    id: String,
}

impl S3Store {
    pub(super) async fn put_in_parts(
        &self,
        key: &BlobKey,
        path: &Path,
        size: u64,
        sha256: [u8; 32],
    ) -> Result<(), BlobError> {
        let request = self.client.create_multipart_upload().bucket(self.bucket()).key(self.name(key));
        let checksum = (!self.config.checksums_when_required).then_some(ChecksumAlgorithm::Sha256);
        let created = request.set_checksum_algorithm(checksum).send().await;
        let created = created.map_err(|error| classify(format_args!("beginning to store {key}"), error))?;
        let id = created.upload_id().unwrap_or_default().to_owned();
        let upload = Upload { store: self, key, path, size, sha256, id };
        let result = upload.run().await;
        if result.is_err() {
            upload.abort().await;
        }
        result
    }

    /// Aborts uploads of our keys that began before the given time.
    pub(super) async fn abort_stale_uploads(&self, before_us: i64) -> Result<u64, BlobError> {
        let root = self.root();
        let (mut aborted, mut key_marker, mut id_marker) = (0, None, None);
        loop {
            let request = self.client.list_multipart_uploads().bucket(self.bucket());
            let request = request.set_prefix((!root.is_empty()).then(|| root.clone()));
            let request = request.set_key_marker(key_marker.take()).set_upload_id_marker(id_marker.take());
            let page = match request.send().await {
                Ok(page) => page,
                // Small engines have no such list; the operator's lifecycle rules have to do.
                Err(error) if status(&error) == Some(501) => return Ok(aborted),
                Err(error) => return Err(classify("listing unfinished uploads", error)),
            };
            for upload in page.uploads() {
                let ours = upload.key().and_then(|name| name.strip_prefix(&root)).and_then(BlobKey::parse);
                let stale = upload.initiated().is_some_and(|time| micros(time) < before_us);
                if let (Some(key), true, Some(id)) = (ours, stale, upload.upload_id()) {
                    self.abort(&key, id).await?;
                    aborted += 1;
                }
            }
            if page.is_truncated() != Some(true) || page.next_key_marker().is_none() {
                return Ok(aborted);
            }
            key_marker = page.next_key_marker().map(str::to_owned);
            id_marker = page.next_upload_id_marker().map(str::to_owned);
        }
    }

    async fn abort(&self, key: &BlobKey, id: &str) -> Result<(), BlobError> {
        let request = self.client.abort_multipart_upload().bucket(self.bucket()).key(self.name(key));
        match request.upload_id(id).send().await {
            Ok(_) => Ok(()),
            Err(error) if status(&error) == Some(404) => Ok(()),
            Err(error) => Err(classify(format_args!("aborting the upload of {key}"), error)),
        }
    }
}

impl Upload<'_> {
    async fn run(&self) -> Result<(), BlobError> {
        let step = THRESHOLD.max(self.size.div_ceil(MOST_PARTS));
        let mut parts = Vec::new();
        let mut offset = 0;
        while offset < self.size {
            let length = step.min(self.size - offset);
            parts.push(self.send_part(parts.len() as i32 + 1, offset, length).await?);
            offset += length;
        }
        hit("blob.before-complete")?;
        let store = self.store;
        let request =
            store.client.complete_multipart_upload().bucket(store.bucket()).key(store.name(self.key));
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = request.upload_id(&self.id).multipart_upload(parts);
        let sent = request.customize().config_override(deadline(Deadline::Transfer(self.size))).send().await;
        sent.map(drop)
            .map_err(|error| classify_put(&self.sha256, format_args!("storing {}", self.key), error))
    }

    async fn send_part(&self, number: i32, offset: u64, length: u64) -> Result<CompletedPart, BlobError> {
        let store = self.store;
        let checksum = match store.config.checksums_when_required {
            true => None,
            false => Some(part_checksum(self.path, offset, length).await?),
        };
        let request = store.client.upload_part().bucket(store.bucket()).key(store.name(self.key));
        let request = request.upload_id(&self.id).part_number(number).content_length(length as i64);
        let request = request.set_checksum_sha256(checksum.clone());
        let request = request.body(file_part(self.path, offset, length).await?);
        let sent = request.customize().config_override(deadline(Deadline::Transfer(length))).send().await;
        let what = format_args!("storing part {number} of {}", self.key).to_string();
        let part = sent.map_err(|error| classify_put(&self.sha256, what, error))?;
        let done = CompletedPart::builder().part_number(number).set_checksum_sha256(checksum);
        Ok(done.set_e_tag(part.e_tag().map(str::to_owned)).build())
    }

    /// As well as it goes: what stays is for the next sweep.
    async fn abort(&self) {
        if let Err(error) = self.store.abort(self.key, &self.id).await {
            tracing::warn!(key = %self.key, %error, "an unfinished upload stays in the bucket");
        }
    }
}

async fn part_checksum(path: &Path, offset: u64, length: u64) -> Result<String, BlobError> {
    let path = path.to_owned();
    let hashed = tokio::task::spawn_blocking(move || {
        let failed =
            |e: std::io::Error| BlobError::Internal(format!("the file to store, {}: {e}", path.display()));
        let mut file = std::fs::File::open(&path).map_err(failed)?;
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let (mut file, mut hash, mut chunk) = (file.take(length), Sha256::new(), vec![0; 128 * 1024]);
        loop {
            match file.read(&mut chunk).map_err(failed)? {
                0 => return Ok(STANDARD.encode(hash.finalize())),
                read => hash.update(&chunk[..read]),
            }
        }
    });
    hashed.await.unwrap_or_else(|error| Err(BlobError::Internal(error.to_string())))
}
