//! What a failed S3 call means for the caller. An answer that is not understood is never taken for
//! "absent": only `NoSuchKey` is.

use std::error::Error;
use std::fmt::Display;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::BlobError;

pub(super) fn status<E>(error: &SdkError<E>) -> Option<u16> {
    match error {
        SdkError::ServiceError(context) => Some(context.raw().status().as_u16()),
        SdkError::ResponseError(context) => Some(context.raw().status().as_u16()),
        _ => None,
    }
}

pub(super) fn classify<E>(what: impl Display, error: SdkError<E>) -> BlobError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let status = status(&error);
    let SdkError::ServiceError(context) = &error else {
        let reason = format!("{what}: {}", chain(&error));
        // A request that could not even be built is our mistake; all else is the network's or the store's.
        return match error {
            SdkError::ConstructionFailure(_) => BlobError::Internal(reason),
            _ => BlobError::Unavailable(reason),
        };
    };
    let code = context.err().code().unwrap_or_default();
    let message = context.err().message().unwrap_or_default();
    let reason = format!("{what}: status {} {code} {message}", status.unwrap_or_default());
    let reason = reason.trim_end().to_owned();
    match (status.unwrap_or_default(), code) {
        (_, "NoSuchKey") => BlobError::NotFound,
        (507, _) | (_, "QuotaExceeded" | "InsufficientStorage" | "XMinioStorageFull") => {
            BlobError::Full(reason)
        }
        // 403 too: a clock that is off or a key being rotated is repaired outside of this process.
        (401 | 403 | 404 | 408 | 425 | 429, _) | (300..=399, _) | (500.., _) => {
            BlobError::Unavailable(reason)
        }
        (_, "RequestTimeout" | "ExpiredToken" | "IncompleteBody") => BlobError::Unavailable(reason),
        _ => BlobError::Internal(reason),
    }
}

/// As [`classify`], for calls that send bytes with their checksum.
pub(super) fn classify_put<E>(sha256: &[u8; 32], what: impl Display, error: SdkError<E>) -> BlobError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let code = error.code().unwrap_or_default();
    if matches!(
        code,
        "BadDigest" | "InvalidDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch"
    ) {
        return BlobError::corrupt(sha256, format!("{what}: the store received other bytes ({code})"));
    }
    classify(what, error)
}

/// An error with its causes; the SDK's own messages stop at "dispatch failure".
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
