//! The end-to-end suite: one binary, a module a topic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod access;
mod canary;
mod catalog;
mod console;
mod counts;
mod diff;
mod downloads;
mod facets;
mod faults;
mod feeds;
mod house;
mod imports;
mod inbox;
mod input;
mod oauth;
mod openapi;
mod operator;
mod people;
mod publish;
mod races;
mod repeats;
mod reviews;
mod revocation;
mod schema;
mod seed_in_envoy;
mod sign_in;
mod stopping;
mod teams;
mod tokens;
mod tour;
mod verification;
mod webhooks;
