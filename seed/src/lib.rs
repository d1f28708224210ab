//! The filters that a new Tamis starts with: metadata, README, configuration schema
//! and built module of each, embedded in the binary. It knows no database and no
//! service; what is done with the filters is the caller's business.

mod catalog;
mod filter;

pub use filter::{Example, PluginType, SeedError, SeedFilter};

/// Every seed filter, ordered by name.
///
/// The parts are compiled in and covered by this crate's tests, so an error means
/// that the binary was built from a broken checkout.
pub fn filters() -> Result<Vec<SeedFilter>, SeedError> {
    catalog::SOURCES.iter().map(SeedFilter::parse).collect()
}
