//! The bytes of a blob as they come in: into a file, with both digests that they could be named by.
use super::{
    name::{Algorithm, Digest},
    refusal::{Refusal, Result},
};
use crate::{
    error::{Error, Kind},
    modules::spool::{self, Cut, Spooled},
    state::State,
};
use actix_web::http::StatusCode;
use bytes::Bytes;
use futures_util::Stream;
use sha2::Digest as _;
use tamis_entities::value::Sha256;

/// Received, with the digests that it could be named by.
pub struct Received {
    pub spooled: Spooled,
    pub sha512: String,
}

impl Received {
    pub fn is(&self, digest: &Digest) -> bool {
        matches(digest, &self.spooled.sha256, &self.sha512)
    }
}

pub fn matches(digest: &Digest, sha256: &Sha256, sha512: &str) -> bool {
    match digest.algorithm() {
        Algorithm::Sha256 => digest.as_str() == sha256.digest(),
        Algorithm::Sha512 => digest.as_str().strip_prefix("sha512:") == Some(sha512),
    }
}

fn too_large(limit: u64) -> Error {
    let detail = format!("a blob is at most {limit} bytes here (the operator sets --max-blob-bytes)");
    Error::new(Kind::TooLarge, "body-too-large", detail)
}

pub async fn receive<S, E>(state: &State, body: S, before: u64) -> Result<Received>
where
    S: Stream<Item = std::result::Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    let mut sha512 = sha2::Sha512::new();
    let most = state.serve.max_blob_bytes;
    let beyond = |_| too_large(most);
    let taken = spool::take(state, body, most.saturating_sub(before), beyond, |chunk| sha512.update(chunk));
    let spooled = taken.await.map_err(|cut| match cut {
        Cut::Early(cause) => invalid(format!("the body ended early: {cause}")),
        Cut::Refused(error) => error.into(),
    })?;
    Ok(Received { spooled, sha512: hex::encode(sha512.finalize()) })
}

pub fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", message)
}

pub fn wrong_digest(digest: &Digest) -> Refusal {
    Refusal::digest_invalid(format!("what came does not have the digest {digest}"))
}

/// The whole blob in one request, received and not yet kept.
pub async fn whole<S, E>(state: &State, digest: &Digest, body: S) -> Result<Spooled>
where
    S: Stream<Item = std::result::Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    let received = receive(state, body, 0).await?;
    match received.is(digest) {
        true => Ok(received.spooled),
        false => Err(wrong_digest(digest)),
    }
}
