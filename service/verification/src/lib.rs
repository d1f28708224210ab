//! tamis-verification
