//! tamis-e2e
