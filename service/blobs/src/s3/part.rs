//! Pieces of a file as bodies of requests.

use std::path::Path;

use aws_sdk_s3::primitives::{ByteStream, Length};

use super::errors::chain;
use crate::BlobError;

/// The SDK reads this much of the file at a time.
const CHUNK: usize = 256 * 1024;

/// A piece of a file as a body that the SDK can send again on a retry.
pub(super) async fn file_part(path: &Path, offset: u64, length: u64) -> Result<ByteStream, BlobError> {
    let body = ByteStream::read_from().path(path).offset(offset).length(Length::Exact(length));
    let body = body.buffer_size(CHUNK).build().await;
    body.map_err(|error| {
        BlobError::Internal(format!("the file to store, {}: {}", path.display(), chain(&error)))
    })
}
