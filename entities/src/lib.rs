//! The vocabulary of Tamis: one file per table, and the value types that columns,
//! JSON fields and path segments share. No business rules, no HTTP.
#![allow(clippy::derive_partial_eq_without_eq)]

pub mod value;

pub mod api_token;
pub mod audit_entry;
pub mod break_glass_request;
pub mod catalog_entry;
pub mod catalog_facets;
pub mod event;
pub mod external_identity;
pub mod filter;
pub mod filter_label;
pub mod filter_transfer;
pub mod former_filter;
pub mod former_handle;
pub mod grant;
pub mod idempotency_key;
pub mod job;
pub mod lease;
pub mod local_password;
pub mod module;
pub mod module_lease;
pub mod module_texts;
pub mod namespace;
pub mod oauth_client;
pub mod oauth_code;
pub mod oauth_consent;
pub mod oauth_device_code;
pub mod oauth_grant;
pub mod oauth_refresh_token;
pub mod release;
pub mod release_count;
pub mod report;
pub mod review;
pub mod review_appeal;
pub mod review_check;
pub mod review_comment;
pub mod review_event;
pub mod review_presence;
pub mod review_recusal;
pub mod review_tick;
pub mod review_vote;
pub mod session;
pub mod setting;
pub mod sign_in_attempt;
pub mod sign_in_link;
pub mod signing_key;
pub mod team;
pub mod team_invitation;
pub mod team_member;
pub mod tombstone;
pub mod trusted_publisher;
pub mod used_jti;
pub mod user;
