//! The gate between a store and a reader: nobody gets a complete answer with wrong bytes.
//! Knows nothing about where the bytes come from or where they go.

use std::ops::Range;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use sha2::{Digest, Sha256};

use crate::{Blob, BlobError};

/// Emits the bytes of `range` while hashing the whole object. The last piece of the range is held back
/// until size and digest of the whole object have matched; if they do not, the stream ends with
/// [`BlobError::Corrupt`] and the reader is left with a visibly incomplete answer. A range that reaches
/// past the end is cut.
pub fn verified(
    blob: Blob,
    sha256: [u8; 32],
    range: Range<u64>,
) -> BoxStream<'static, Result<Bytes, BlobError>> {
    let gate = Gate {
        source: Some(blob.stream),
        size: blob.size,
        sha256,
        range,
        position: 0,
        hash: Sha256::new(),
        held: None,
    };
    stream::unfold(gate, |mut gate| async move {
        let item = gate.next().await?;
        Some((item, gate))
    })
    .boxed()
}

struct Gate {
    /// `None` once the stream has ended, well or badly.
    source: Option<BoxStream<'static, Result<Bytes, BlobError>>>,
    size: u64,
    sha256: [u8; 32],
    range: Range<u64>,
    position: u64,
    hash: Sha256,
    held: Option<Bytes>,
}

impl Gate {
    async fn next(&mut self) -> Option<Result<Bytes, BlobError>> {
        loop {
            let result = match self.source.as_mut()?.next().await {
                Some(Ok(chunk)) => self.take(&chunk),
                Some(Err(error)) => Err(error),
                None => {
                    self.source = None;
                    return match self.check() {
                        Ok(()) => self.held.take().map(Ok),
                        Err(error) => Some(Err(error)),
                    };
                }
            };
            match result {
                Ok(None) => {}
                Ok(Some(piece)) => return Some(Ok(piece)),
                Err(error) => {
                    self.source = None;
                    return Some(Err(error));
                }
            }
        }
    }

    /// Hashes a chunk; returns the piece that was held before, when a newer one takes its place.
    fn take(&mut self, chunk: &Bytes) -> Result<Option<Bytes>, BlobError> {
        let start = self.position;
        self.position += chunk.len() as u64;
        if self.position > self.size {
            return Err(BlobError::corrupt(
                &self.sha256,
                format!("more than the {} bytes announced", self.size),
            ));
        }
        self.hash.update(chunk);
        let from = self.range.start.clamp(start, self.position) - start;
        let to = self.range.end.clamp(start, self.position) - start;
        if from >= to {
            return Ok(None);
        }
        Ok(self.held.replace(chunk.slice(from as usize..to as usize)))
    }

    fn check(&mut self) -> Result<(), BlobError> {
        if self.position != self.size {
            let detail = format!("{} of {} bytes", self.position, self.size);
            return Err(BlobError::corrupt(&self.sha256, detail));
        }
        let found = std::mem::take(&mut self.hash).finalize();
        if found[..] != self.sha256[..] {
            return Err(BlobError::corrupt(&self.sha256, format!("found sha256:{}", hex::encode(found))));
        }
        Ok(())
    }
}
