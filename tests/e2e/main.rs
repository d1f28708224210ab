//! The end-to-end suite: one binary, a module a topic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod catalog;
mod downloads;
mod publish;
mod seed_in_envoy;
