//! The console: what its pages say, what they let through, what they cost, and how they look in a real browser.
mod admin;
mod curation;
mod foreign;
mod pages;
mod real;
mod sharing;
mod statements;
