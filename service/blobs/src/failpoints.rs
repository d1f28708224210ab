//! Named points inside a write, for tests that stop the process or fail the call right there.
//! Without the feature `failpoints` a point is nothing at all.

use crate::BlobError;

/// Every point of this crate, so that a test can demand that all of them were reached.
pub const FAIL_POINTS: &[&str] = &[
    "blob.after-temp-write",
    "blob.before-link",
    "blob.after-link",
    "blob.before-put",
    "blob.before-complete",
    "blob.after-put",
    "blob.before-delete",
    "blob.after-delete",
];

/// `return` makes the call fail as if the store had gone away, `return(full)` as if it were full,
/// `return(abort)` ends the process on the spot, as `kill -9` would.
pub(crate) fn hit(name: &'static str) -> Result<(), BlobError> {
    fail::fail_point!(name, |argument| match argument.as_deref() {
        Some("abort") => std::process::abort(),
        Some("full") => Err(BlobError::Full(format!("fail point {name}"))),
        _ => Err(BlobError::Unavailable(format!("fail point {name}"))),
    });
    // The macro is empty without its feature.
    let _ = name;
    Ok(())
}
