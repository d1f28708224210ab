//! The rules and the judgement: required and forbidden headers, and limits on
//! their number and length. Knows nothing of the proxy.

use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    required: Vec<String>,
    forbidden: Vec<String>,
    max_length: BTreeMap<String, usize>,
    max_value_length: usize,
    max_headers: usize,
    status: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            required: Vec::new(),
            forbidden: Vec::new(),
            max_length: BTreeMap::new(),
            max_value_length: 8192,
            max_headers: 100,
            status: None,
        }
    }
}

pub struct Rules(Settings);

#[derive(Debug, PartialEq)]
pub struct Broken {
    pub status: u32,
    pub code: &'static str,
    pub detail: String,
}

impl Rules {
    pub fn new(settings: Settings) -> Result<Self, String> {
        let named = settings.required.iter().chain(&settings.forbidden).chain(settings.max_length.keys());
        for name in named {
            if !guest::is_token(name) {
                return Err(format!("`{name}` is not a header name in lower case"));
            }
        }
        if let Some(name) = settings.required.iter().find(|name| settings.forbidden.contains(name)) {
            return Err(format!("`{name}` is both required and forbidden"));
        }
        if settings.max_headers == 0 || settings.max_value_length == 0 {
            return Err("`max_headers` and `max_value_length` must be at least 1".to_owned());
        }
        if settings.status.is_some_and(|status| !(400..500).contains(&status)) {
            return Err("`status` must be a client error, 400 to 499".to_owned());
        }
        Ok(Self(settings))
    }

    /// Pseudo-headers (`:path` and its like) are the request line: not counted.
    pub fn judge(&self, headers: &[(String, Vec<u8>)]) -> Result<(), Broken> {
        let regular = headers.iter().filter(|(name, _)| !name.starts_with(':'));
        let count = regular.clone().count();
        if count > self.0.max_headers {
            let detail = format!("{count} headers were sent, {} are allowed", self.0.max_headers);
            return Err(self.broken(431, "too-many-headers", detail));
        }
        for (name, value) in regular {
            if self.0.forbidden.contains(name) {
                return Err(self.broken(403, "header-forbidden", format!("{name} must not be sent")));
            }
            let limit = self.0.max_length.get(name).copied().unwrap_or(self.0.max_value_length);
            if value.len() > limit {
                let detail = format!("{name} has {} bytes, {limit} are allowed", value.len());
                return Err(self.broken(431, "header-too-long", detail));
            }
        }
        for name in &self.0.required {
            if !headers.iter().any(|(sent, value)| sent == name && !value.is_empty()) {
                return Err(self.broken(400, "header-missing", format!("{name} is required")));
            }
        }
        Ok(())
    }

    fn broken(&self, status: u32, code: &'static str, detail: String) -> Broken {
        Broken { status: self.0.status.unwrap_or(status), code, detail }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rules(settings: Settings) -> Rules {
        Rules::new(settings).unwrap()
    }

    fn sent(headers: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
    }

    #[test]
    fn an_empty_value_does_not_satisfy_a_required_header() {
        let rules = rules(Settings { required: vec!["x-tenant".into()], ..Settings::default() });
        assert_eq!(rules.judge(&sent(&[("x-tenant", "")])).unwrap_err().code, "header-missing");
        assert!(rules.judge(&sent(&[("x-tenant", "a")])).is_ok());
    }

    #[test]
    fn pseudo_headers_are_not_counted() {
        let rules = rules(Settings { max_headers: 1, ..Settings::default() });
        assert!(rules.judge(&sent(&[(":path", "/"), (":method", "GET"), ("a", "1")])).is_ok());
        assert_eq!(rules.judge(&sent(&[("a", "1"), ("b", "2")])).unwrap_err().status, 431);
    }

    #[test]
    fn a_named_limit_overrides_the_general_one_in_both_directions() {
        let max_length = BTreeMap::from([("a".to_owned(), 4), ("b".to_owned(), 1)]);
        let rules = rules(Settings { max_length, max_value_length: 2, ..Settings::default() });
        assert!(rules.judge(&sent(&[("a", "1234")])).is_ok());
        assert_eq!(rules.judge(&sent(&[("b", "12")])).unwrap_err().code, "header-too-long");
        assert_eq!(rules.judge(&sent(&[("c", "123")])).unwrap_err().code, "header-too-long");
    }
}
