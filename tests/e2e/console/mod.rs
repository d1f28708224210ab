//! The console: what its pages say, what they let through, what they cost, and how they look in a real browser.
pub mod admin;
mod author;
mod curation;
mod every_page;
mod foreign;
mod hostile;
pub mod pages;
mod people;
mod real;
mod review_compared;
mod review_offers;
mod review_page;
mod sharing;
mod statements;
mod stop;
mod told;
mod visitors;
