//! tamis-migrations
