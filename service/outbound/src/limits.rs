//! The bounds of one transfer. Every wait and every byte count of this crate is one of these;
//! a request without a bound cannot be expressed.

use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Limits {
    /// Name resolution, TCP and TLS of one hop together.
    pub connect: Duration,
    /// Everything: all hops, the body, the writing to disk.
    pub total: Duration,
    /// The longest silence: before the answer's head, and between two pieces of its body.
    pub idle: Duration,
    /// Bytes of a body as they come over the wire.
    pub max_bytes: u64,
    /// Bytes that any one layer of compression may unfold to.
    pub max_unpacked: u64,
    /// Entries of all archives of one import, metadata records included.
    pub max_entries: u32,
    /// Redirects followed by a download. Other requests follow none.
    pub max_redirects: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(180),
            idle: Duration::from_secs(30),
            max_bytes: 128 << 20,
            max_unpacked: 512 << 20,
            max_entries: 50_000,
            max_redirects: 5,
        }
    }
}
