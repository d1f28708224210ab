//! The configuration, and which responses are rewritten at all.

use crate::rewriter::{Replacement, Rewriter};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    replacements: Vec<Replacement>,
    content_types: Vec<String>,
    max_bytes: usize,
}

/// Envoy gives up on a response whose buffered body passes `per_connection_buffer_limit_bytes`
/// (1 MiB by default), so the filter must let go well before.
const LARGEST: usize = 768 * 1024;

impl Default for Settings {
    fn default() -> Self {
        let types = ["text/html", "text/plain", "text/css", "application/json", "application/javascript"];
        Self {
            replacements: Vec::new(),
            content_types: types.map(str::to_owned).to_vec(),
            max_bytes: 256 * 1024,
        }
    }
}

pub struct Policy {
    pub rewriter: Rewriter,
    pub max_bytes: usize,
    content_types: Vec<String>,
}

impl Policy {
    pub fn new(settings: Settings) -> Result<Self, String> {
        if !(1..=LARGEST).contains(&settings.max_bytes) {
            return Err(format!("`max_bytes` must be 1 to {LARGEST}"));
        }
        if settings.content_types.is_empty() {
            return Err("`content_types` must name at least one media type".to_owned());
        }
        Ok(Self {
            // Room for a body that grows, but not for a short word replaced by a long one everywhere.
            rewriter: Rewriter::new(settings.replacements, settings.max_bytes * 2)?,
            max_bytes: settings.max_bytes,
            content_types: settings.content_types.iter().map(|media| media.to_ascii_lowercase()).collect(),
        })
    }

    /// Partial and encoded bodies are left alone: neither holds the whole text.
    pub fn is_eligible(&self, header: impl Fn(&str) -> Option<Vec<u8>>) -> bool {
        let text = |name| header(name).and_then(|value| String::from_utf8(value).ok());
        let encoded = header("content-encoding").is_some_and(|value| value != b"identity");
        let partial = header(":status").is_some_and(|value| value == b"206");
        let Some(media) = text("content-type") else { return false };
        let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        !encoded && !partial && self.content_types.contains(&media)
    }
}
