//! The outbound package against real sockets, on loopback only. A stub server counts who
//! connects; names come from resolvers that the tests script.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod addresses;
mod archives;
mod bombs;
mod downloads;
mod full_disk;
mod hostile_archives;
mod redirects;
mod refusals;
mod requests;
mod sources;
mod stub;
mod tls;
mod urls;
