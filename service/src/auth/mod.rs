//! Who is asking and what they may do: credentials, the one table of routes, and the
//! extractors that hand over rows only after the check. Knows no use case.
pub mod access;
pub mod again;
pub mod caller;
pub mod granted;
pub mod identity;
pub mod middleware;
pub mod names;
pub mod secret;
pub mod standing;
pub mod step_up;
pub mod table;
mod table_deployment;
mod table_meshery;
mod table_pages;

pub use access::{FilterAccess, ReleaseAccess, ReviewAccess, UploadTarget};
pub use caller::{Caller, Identity, SignedIn};
pub use step_up::recent;
