//! tamis-outbound
