//! tamis-entities
