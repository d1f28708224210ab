//! One contract, run against every store there is: a directory, S3 in this process with faults on
//! demand, and (feature `engines`) the S3 server that `TAMIS_TEST_S3` names.

// The helpers of a test may fail as loudly as the tests themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod contract;
mod crash;
#[cfg(feature = "engines")]
mod engine;
mod faults;
#[cfg(feature = "engines")]
mod full_disk;
mod gate;
mod in_process;
mod keys;
mod local;
mod locations;
mod subject;
mod wire;
