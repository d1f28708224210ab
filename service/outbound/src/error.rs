//! What can go wrong on the way out, as kinds that a caller can map to its own error codes.
//! Knows no HTTP status of ours. Messages tell what happened and, for a refusal, the way out.

use std::error::Error as StdError;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboundError {
    #[error("this URL cannot be used: {reason}")]
    InvalidUrl { reason: String },

    #[error(
        "refused to connect to {host}: {address} is {class}; \
         an operator can permit it with --allow-network {} or a wider network (CIDR)",
        ipnet::IpNet::from(*address)
    )]
    RefusedAddress { host: String, address: IpAddr, class: &'static str },

    #[error("the name {host} does not resolve: {reason}")]
    Resolve { host: String, reason: String },

    #[error("cannot connect to {host}: {reason}")]
    Connect { host: String, reason: String },

    #[error("{host} did not get on within {} s ({phase})", after.as_secs_f32())]
    Timeout { host: String, phase: &'static str, after: Duration },

    #[error("the answer is larger than the limit of {limit} bytes")]
    TooLarge { limit: u64 },

    #[error("{host} answered {code}")]
    Status { host: String, code: u16 },

    #[error("more than {limit} redirects")]
    TooManyRedirects { limit: u8 },

    #[error("a redirect was not followed: {reason}")]
    Redirect { reason: String },

    #[error("the answer broke off or cannot be read: {reason}")]
    Body { reason: String },

    #[error("no trusted TLS connection to {host}: {reason}")]
    Tls { host: String, reason: String },

    #[error("the download could not be written: {0}")]
    Io(#[from] io::Error),
}

impl OutboundError {
    /// A name that stays, for logs, metrics and mapping.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::InvalidUrl { .. } => "invalid-url",
            Self::RefusedAddress { .. } => "refused-address",
            Self::Resolve { .. } => "resolve",
            Self::Connect { .. } => "connect",
            Self::Timeout { .. } => "timeout",
            Self::TooLarge { .. } => "too-large",
            Self::Status { .. } => "status",
            Self::TooManyRedirects { .. } => "too-many-redirects",
            Self::Redirect { .. } => "redirect",
            Self::Body { .. } => "body",
            Self::Tls { .. } => "tls",
            Self::Io(_) => "io",
        }
    }

    /// The disk here is full: our trouble, not the remote's.
    pub fn is_out_of_space(&self) -> bool {
        matches!(self, Self::Io(error) if out_of_space(error))
    }

    pub(crate) fn invalid(reason: impl Into<String>) -> Self {
        Self::InvalidUrl { reason: reason.into() }
    }
}

pub(crate) fn out_of_space(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Finds an error of one type in a chain. `io::Error` hides the error it carries from
/// `source()`, so that one is opened by hand.
pub(crate) fn cause<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref::<E>() {
            return Some(found);
        }
        let carried = current.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match carried {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => current.source(),
        };
    }
    None
}
