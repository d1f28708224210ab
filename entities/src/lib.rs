//! The vocabulary of Tamis: one file per table, and the value types that columns,
//! JSON fields and path segments share. No business rules, no HTTP.
#![allow(clippy::derive_partial_eq_without_eq)]

pub mod value;

pub mod api_token;
pub mod audit_entry;
pub mod catalog_entry;
pub mod filter;
pub mod filter_label;
pub mod grant;
pub mod idempotency_key;
pub mod job;
pub mod lease;
pub mod module;
pub mod module_lease;
pub mod namespace;
pub mod release;
pub mod report;
pub mod review;
pub mod review_check;
pub mod review_comment;
pub mod review_vote;
pub mod session;
pub mod setting;
pub mod sign_in_link;
pub mod team;
pub mod team_member;
pub mod tombstone;
pub mod trusted_publisher;
pub mod used_jti;
pub mod user;
