//! Secrets that we hand out: 256 random bits, stored only as SHA-256 (which needs no
//! slow hash: nobody can guess 256 bits), looked up by that hash.
use crate::{clock, error::Result};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tamis_entities::value::Sha256;

/// Marks our tokens for secret scanners.
pub const TOKEN_PREFIX: &str = "tms_";

/// A new secret: what the holder gets, and what we keep.
pub struct Fresh {
    pub text: String,
    pub sha256: String,
}

pub fn fresh(prefix: &str) -> Result<Fresh> {
    let text = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(clock::random::<32>()?));
    let sha256 = hash(&text);
    Ok(Fresh { text, sha256 })
}

pub fn hash(text: &str) -> String {
    Sha256::of(text.as_bytes()).hex().to_owned()
}
