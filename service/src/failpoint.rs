//! Named points where a test may make an operation stop or fail. Without the feature
//! `failpoints` the macro is nothing at all.

/// `return` makes the function fail here, `sleep(ms)` gives a test time to kill the process.
#[macro_export]
macro_rules! fail_here {
    ($name:literal) => {
        fail::fail_point!($name, |_| Err($crate::error::Error::internal(concat!("fail point ", $name))))
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
    "gc.after-condemn",
    "gc.after-object",
    "gc.after-row",
];
