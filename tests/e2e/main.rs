//! The end-to-end suite: one binary, a module a topic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod catalog;
mod downloads;
mod people;
mod repeats;
mod publish;
mod seed_in_envoy;
mod tour;
