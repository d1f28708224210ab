//! Named points where a test may make an operation stop or fail. Without the feature
//! `failpoints` the macro is nothing at all. The environment variable `FAILPOINTS` of the
//! real binary switches them on.

/// `return` makes the function fail here, `return(abort)` ends the process on the spot, as
/// `kill -9` would.
#[macro_export]
macro_rules! fail_here {
    ($name:literal) => {
        fail::fail_point!($name, |argument: Option<String>| {
            if argument.as_deref() == Some("abort") {
                std::process::abort();
            }
            Err($crate::error::Error::internal(concat!("fail point ", $name)))
        })
    };
}

/// Every point, so that a test can prove that each is reached.
pub const NAMES: &[&str] = &[
    "upload.after-spool",
    "upload.after-lease",
    "upload.after-store",
    "upload.before-commit",
    "upload.after-commit",
    "clone.before-commit",
    "clone.after-commit",
    "publish.before-commit",
    "publish.after-commit",
    "delete.before-commit",
    "delete.after-commit",
    "transfer.before-commit",
    "gc.after-condemn",
    "gc.after-object",
    "gc.after-row",
];

/// Mistakes that a test switches on to see its own checks fail: an upload that is
/// acknowledged and never committed.
pub const ACK_BEFORE_COMMIT: &str = "upload.ack-before-commit";

/// In each check of a review, on a thread of its own: it may fail, panic, hang or take the process along.
pub const CHECK: &str = "review.check";

/// Whether a seeded mistake is to be made now; never without the feature.
pub fn is_seeded(name: &'static str) -> bool {
    fail::fail_point!(name, |argument: Option<String>| {
        if argument.as_deref() == Some("abort") {
            std::process::abort();
        }
        true
    });
    // The macro is empty without its feature.
    let _ = name;
    false
}

/// Reads `FAILPOINTS`; the points stay as it says while the guard lives.
#[cfg(feature = "failpoints")]
pub fn from_environment() -> impl Sized {
    fail::FailScenario::setup()
}
