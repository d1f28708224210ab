//! Tamis as an authorization server: what clients of other people get from it, and everything that
//! somebody who means harm does not get.
mod abuse;
mod bounds;
mod clients;
mod codes;
mod devices;
mod endpoints;
pub mod flow;
mod forged;
mod independent;
mod modules;
mod node;
mod redirects;
mod refresh;
