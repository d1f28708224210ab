//! The harness of the end-to-end suite: real servers over real HTTP, on whatever database
//! and object store the environment names. Knows no expectation; those are in `e2e/`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

pub mod app;
pub mod binary;
pub mod browser;
pub mod build_issuer;
pub mod chromium;
pub mod client;
pub mod crash;
pub mod database;
pub mod envoy;
pub mod fixtures;
pub mod github;
pub mod issuer;
pub mod mail;
pub mod modules;
pub mod statements;
