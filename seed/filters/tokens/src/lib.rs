//! JSON Web Tokens as far as the seed filters need them: the compact form with an
//! HMAC-SHA256 signature, and checks of the registered claims. It knows no proxy.

mod claims;
mod compact;
mod key;

pub use claims::{Expected, Unmet};
pub use compact::{Claims, Invalid, decode};
pub use key::{Key, Verify};

/// The token of a header value: what follows `Bearer`, or the whole value if it names no scheme.
pub fn bearer(value: &str) -> Option<&str> {
    let value = value.trim();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim_start()),
        Some(_) => None,
        None => (!value.is_empty()).then_some(value),
    }
}
