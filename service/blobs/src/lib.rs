//! tamis-blobs
