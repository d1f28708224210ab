//! The ways a store can fail, told apart by what a caller should do next.
//! Knows neither HTTP statuses of our own API nor the S3 protocol.

use std::io;

/// A failed operation. Messages name the object or the store, never a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// The store has said that there is no such object.
    #[error("there is no such object")]
    NotFound,
    /// No space (or quota, or inodes) left for writing; reading goes on.
    #[error("the object store is full: {0}")]
    Full(String),
    /// The store cannot be asked, or refuses for now; the same call may succeed later.
    #[error("the object store is not available: {0}")]
    Unavailable(String),
    /// The bytes are not the ones that the digest names.
    #[error("corrupt object, expected sha256:{sha256}: {detail}")]
    Corrupt { sha256: String, detail: String },
    /// A mistake of the caller, or an answer that makes no sense.
    #[error("object store: {0}")]
    Internal(String),
}

impl BlobError {
    pub(crate) fn corrupt(sha256: &[u8], detail: impl Into<String>) -> Self {
        Self::Corrupt { sha256: hex::encode(sha256), detail: detail.into() }
    }

    /// A failed system call on the local store; `what` says which file and what was tried.
    pub(crate) fn io(what: impl std::fmt::Display, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Full(format!("{what}: {error}"))
            }
            _ => Self::Unavailable(format!("{what}: {error}")),
        }
    }
}
