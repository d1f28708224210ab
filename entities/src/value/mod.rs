//! Value types: parsed once at the edge, then column, JSON field and schema by derive.

mod day;
mod digest;
mod facets;
mod metadata;
mod scope;
mod slug;
mod state;
mod timestamp;
mod version;

pub use day::Day;
pub use digest::Sha256;
pub use facets::Facets;
pub use metadata::{Addend, Addends, Approved, Claims, Example, Lineage, Metadata, Strings, revision};
pub use scope::{Scope, Scopes};
pub use slug::{RESERVED, Slug};
pub use state::*;
pub use timestamp::Timestamp;
pub use version::Version;

/// Why a text is not a value of this kind; made to be shown to the person who sent it.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Invalid(pub String);
