//! gzip (RFC 1952), several members in a row included, with a bound on what it unfolds to.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::BUFFER;

/// The bound was reached. Travels inside an `io::Error` through whatever reads above us.
#[derive(Debug, thiserror::Error)]
#[error("unpacked it is larger than {limit} bytes")]
pub(super) struct Unfolded {
    pub(super) limit: u64,
}

pub(super) fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b, 0x08])
}

pub(super) fn unfold<R: BufRead>(packed: R, limit: u64) -> impl BufRead {
    let bounded = Bounded { inner: MultiGzDecoder::new(packed), seen: 0, limit };
    BufReader::with_capacity(BUFFER, bounded)
}

struct Bounded<R> {
    inner: R,
    seen: u64,
    limit: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.seen += count as u64;
        if self.seen > self.limit {
            return Err(io::Error::other(Unfolded { limit: self.limit }));
        }
        Ok(count)
    }
}
