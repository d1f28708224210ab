//! The configuration, checked once, and how claims become headers.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use tokens::{Expected, Key, Verify};

/// RFC 6750, section 3: the challenge names an error only when a token was sent.
pub const CHALLENGE: (&str, &str) = ("www-authenticate", "Bearer");
pub const CHALLENGE_INVALID: (&str, &str) = ("www-authenticate", "Bearer error=\"invalid_token\"");
pub const CHALLENGE_SCOPE: (&str, &str) = ("www-authenticate", "Bearer error=\"insufficient_scope\"");

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    header: String,
    verify: Verify,
    secret: Option<String>,
    secret_env: Option<String>,
    issuer: Option<String>,
    audience: Vec<String>,
    leeway_seconds: u64,
    require_expiry: bool,
    required_claims: BTreeMap<String, Vec<Value>>,
    forward_claims: BTreeMap<String, String>,
    strip_token: bool,
    skip_paths: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            header: "authorization".to_owned(),
            verify: Verify::default(),
            secret: None,
            secret_env: None,
            issuer: None,
            audience: Vec::new(),
            leeway_seconds: 60,
            require_expiry: true,
            required_claims: BTreeMap::new(),
            forward_claims: BTreeMap::new(),
            strip_token: false,
            skip_paths: Vec::new(),
        }
    }
}

pub struct Policy {
    pub header: String,
    /// Without a key every token is refused: an unconfigured guard stays shut.
    pub key: Option<Key>,
    pub expected: Expected,
    /// Claim to header.
    pub forward: BTreeMap<String, String>,
    pub strip_token: bool,
    pub skip_paths: Vec<String>,
}

impl Policy {
    pub fn new(settings: Settings) -> Result<Self, String> {
        let names = std::iter::once(&settings.header).chain(settings.forward_claims.values());
        for name in names {
            if !guest::is_token(name) {
                return Err(format!("`{name}` is not a header name in lower case"));
            }
        }
        if settings.forward_claims.values().any(|header| *header == settings.header) {
            return Err("`forward_claims` must not write the header that carries the token".to_owned());
        }
        if settings.leeway_seconds > 3600 {
            return Err("`leeway_seconds` must be at most 3600".to_owned());
        }
        guest::check_paths(&settings.skip_paths)?;
        let key =
            Key::choose(settings.verify, settings.secret, settings.secret_env.as_deref(), guest::variable)?;
        if key.is_none() {
            guest::warn("jwt-claims: neither `secret` nor `secret_env` is set, every token is refused");
        }
        Ok(Self {
            header: settings.header,
            key,
            expected: Expected {
                issuer: settings.issuer,
                audience: settings.audience,
                leeway_seconds: settings.leeway_seconds,
                require_expiry: settings.require_expiry,
                required: settings.required_claims,
            },
            forward: settings.forward_claims,
            strip_token: settings.strip_token,
            skip_paths: settings.skip_paths,
        })
    }
}

/// Scalars only, and only text that cannot start another header.
pub fn header_value(claim: &Value) -> Option<String> {
    let value = match claim {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    guest::is_value(&value).then_some(value)
}
