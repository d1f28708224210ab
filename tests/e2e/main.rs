//! The end-to-end suite: one binary, a module a topic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod access;
mod catalog;
mod downloads;
mod openapi;
mod people;
mod publish;
mod repeats;
mod seed_in_envoy;
mod tour;
