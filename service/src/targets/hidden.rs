//! What must not be shown of a conversation with a target, should the other side repeat it: credentials, addresses
//! that are secrets. Whatever a target says goes through here before people see it or a row keeps it.
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use tamis_outbound::{Url, header::HeaderMap, parse_url};

/// Of an answer that is an error, so much is shown.
const SNIPPET: usize = 300;
/// And so much of it is looked at for what must be hidden.
pub const READ: usize = 4096;
/// A part of an address this long may be a secret by itself.
const TELLING: usize = 8;
/// Headers that history shows; all others may be secret.
const SHOWN: [&str; 9] = [
    "content-type",
    "content-length",
    "idempotency-key",
    "webhook-id",
    "webhook-timestamp",
    "retry-after",
    "date",
    "server",
    "x-request-id",
];

#[derive(Default)]
pub struct Hidden(Vec<String>);

impl Hidden {
    pub fn add(&mut self, secret: &str) {
        if !secret.is_empty() && !self.0.iter().any(|known| known == secret) {
            self.0.push(secret.to_owned());
            self.0.push(STANDARD.encode(secret));
            self.0.push(url::form_urlencoded::byte_serialize(secret.as_bytes()).collect());
        }
    }

    /// Whole and in its parts: whoever repeats an address may repeat a part of it.
    pub fn add_address(&mut self, url: &Url) {
        let (path, query) = (url.path(), url.query().unwrap_or_default());
        if path.len() > 1 || !query.is_empty() {
            self.add(url.as_str());
        }
        let whole = match query {
            "" => path.to_owned(),
            query => format!("{path}?{query}"),
        };
        let parts = path.split('/').chain(path.split(['/', '.'])).chain(query.split(['&', '=']));
        for part in [whole.as_str()].into_iter().chain(parts).filter(|part| part.len() >= TELLING) {
            self.add(part);
        }
    }

    /// Every address in what was sent before.
    pub fn add_addresses(&mut self, sent: &Value) {
        match sent {
            Value::String(text) => {
                let words = text.split(|c: char| c.is_whitespace() || "\"'<>()".contains(c));
                let urls = words.filter(|word| word.starts_with("http")).flat_map(parse_url);
                urls.for_each(|url| self.add_address(&url));
            }
            Value::Array(all) => all.iter().for_each(|one| self.add_addresses(one)),
            Value::Object(all) => all.values().for_each(|one| self.add_addresses(one)),
            _ => {}
        }
    }

    /// What the other side said: short, in one line, without secrets.
    pub fn shown(&self, text: &str) -> String {
        let mut text: String = text.chars().take(READ).collect();
        for secret in &self.0 {
            text = text.replace(secret.as_str(), "(hidden)");
        }
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SNIPPET).collect()
    }

    pub fn heads(&self, headers: &HeaderMap) -> Value {
        let shown = headers.iter().map(|(name, value)| {
            let text = match SHOWN.contains(&name.as_str()) {
                true => self.shown(&String::from_utf8_lossy(value.as_bytes())),
                false => "(hidden)".to_owned(),
            };
            (name.to_string(), Value::from(text))
        });
        Value::Object(shown.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_address_is_hidden_whole_and_in_its_parts() {
        let mut hidden = Hidden::default();
        hidden.add_address(
            &parse_url("https://h.example/services/T0/a-long-secret?key=another-secret").unwrap(),
        );
        hidden
            .add_addresses(&json!({"design": "url: \"https://t.example/modules/private/Zm9vYmFy.wasm\"\n"}));
        for told in [
            "no https://h.example/services/T0/a-long-secret?key=another-secret here",
            "no /services/T0/a-long-secret?key=another-secret here",
            "no hook a-long-secret",
            "the key another-secret is old",
            "cannot fetch https://t.example/modules/private/Zm9vYmFy.wasm",
            "no Zm9vYmFy.wasm",
            "no Zm9vYmFy",
        ] {
            let shown = hidden.shown(told);
            assert!(shown.contains("(hidden)"), "{shown}");
            for secret in ["a-long-secret", "another-secret", "Zm9v"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
        assert_eq!(hidden.shown("a\0b\nc"), "a b c");
        assert_eq!(hidden.shown(&"x".repeat(9999)).len(), SNIPPET);
        // An origin alone tells nothing.
        let mut origin = Hidden::default();
        origin.add_address(&parse_url("https://h.example/").unwrap());
        assert_eq!(origin.shown("h.example/ says /"), "h.example/ says /");
    }
}
