//! Every connection that Tamis opens on somebody else's word: imports, deployment targets,
//! webhooks. Owns the address guard, the HTTP client bound to it, the reading of source links
//! and the unpacking of what came back. Knows nothing of filters, databases or our own HTTP
//! surface; an endpoint from the operator's configuration does not pass through here.

mod client;
mod engine;
mod error;
mod guard;
mod limits;
mod redirect;
mod resolve;
pub mod source;
pub mod unbox;
mod weburl;

pub use client::{Client, Fetched, Reply};
pub use error::OutboundError;
pub use guard::{Guard, Refusal};
pub use limits::Limits;
pub use reqwest::{Body, Method, StatusCode, header};
pub use resolve::{Resolve, Resolving, SystemResolver};
pub use unbox::UnboxError;
pub use url::Url;
pub use weburl::parse_url;
