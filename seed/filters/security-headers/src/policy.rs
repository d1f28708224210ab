//! The configuration, checked once.

use crate::cors::{Cors, CorsSettings};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A null takes one of the defaults away.
    headers: BTreeMap<String, Option<String>>,
    remove: Vec<String>,
    overwrite: bool,
    cors: Option<CorsSettings>,
}

/// Right for nearly every site. Policies that can lock users out (Strict-Transport-Security)
/// or break pages (Content-Security-Policy) are the operator's choice.
const DEFAULTS: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "SAMEORIGIN"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

impl Default for Settings {
    fn default() -> Self {
        Self {
            headers: BTreeMap::new(),
            remove: vec!["x-powered-by".to_owned()],
            overwrite: false,
            cors: None,
        }
    }
}

pub struct Policy {
    pub headers: BTreeMap<String, String>,
    pub remove: Vec<String>,
    pub overwrite: bool,
    pub cors: Option<Cors>,
}

impl Policy {
    pub fn new(settings: Settings) -> Result<Self, String> {
        let mut headers: BTreeMap<String, String> =
            DEFAULTS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        for name in settings.headers.keys().chain(&settings.remove) {
            if !guest::is_token(name) {
                return Err(format!("`{name}` is not a header name in lower case"));
            }
        }
        for (name, value) in settings.headers {
            match value {
                None => drop(headers.remove(&name)),
                Some(value) if value.is_empty() || !guest::is_value(&value) => {
                    return Err(format!("the value of `{name}` must be printable ASCII"));
                }
                Some(value) => drop(headers.insert(name, value)),
            }
        }
        if let Some(name) = settings.remove.iter().find(|name| headers.contains_key(*name)) {
            return Err(format!("`{name}` is both set and removed"));
        }
        Ok(Self {
            headers,
            remove: settings.remove,
            overwrite: settings.overwrite,
            cors: settings.cors.map(Cors::new).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_null_takes_a_default_away_and_a_value_replaces_it() {
        let headers = BTreeMap::from([
            ("x-frame-options".to_owned(), None),
            ("referrer-policy".to_owned(), Some("no-referrer".to_owned())),
        ]);
        let policy = Policy::new(Settings { headers, ..Settings::default() }).unwrap();
        assert!(!policy.headers.contains_key("x-frame-options"));
        assert_eq!(policy.headers["referrer-policy"], "no-referrer");
        assert_eq!(policy.headers["x-content-type-options"], "nosniff");
    }

    #[test]
    fn values_that_could_start_another_header_are_refused() {
        let headers = BTreeMap::from([("a".to_owned(), Some("1\r\nb: 2".to_owned()))]);
        assert!(Policy::new(Settings { headers, ..Settings::default() }).is_err());
    }
}
