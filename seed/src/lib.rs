//! tamis-seed
