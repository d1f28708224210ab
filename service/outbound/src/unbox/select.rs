//! Which entry of an archive is the module. Sees paths only, in the order of the archive, and
//! says of each whether it is, so far, the one; the final word comes after the last.

use super::UnboxError;
use crate::source::Hint;

/// The name that Envoy and Istio tooling gives a module in an image or archive.
const CONVENTIONAL: &str = "plugin.wasm";
/// How many names an error message lists.
const LISTED: usize = 20;
const MAX_PATH: usize = 1024;

pub(super) struct Selection<'a> {
    hint: &'a Hint,
    candidates: Vec<String>,
    named: u32,
    conventional: u32,
    others: u32,
}

impl<'a> Selection<'a> {
    pub(super) fn new(hint: &'a Hint) -> Self {
        Self { hint, candidates: Vec::new(), named: 0, conventional: 0, others: 0 }
    }

    /// The path to show if this entry supersedes all before it.
    pub(super) fn offer(&mut self, raw_path: &[u8]) -> Result<Option<String>, UnboxError> {
        let Some(path) = self.relative(raw_path) else { return Ok(None) };
        let is_wasm = path.len() > 5 && path.to_ascii_lowercase().ends_with(".wasm");
        if is_wasm && self.below_subdirectory(&path) {
            if self.candidates.contains(&path) {
                return Err(UnboxError::corrupt(format!("`{path}` is in the archive twice")));
            }
            if self.candidates.len() < LISTED {
                self.candidates.push(path.clone());
            }
        }
        let counter = if self.hint.entry.is_some() {
            if !self.is_named(&path) {
                return Ok(None);
            }
            &mut self.named
        } else if !is_wasm || !self.below_subdirectory(&path) {
            return Ok(None);
        } else if self.is_conventional(&path) {
            &mut self.conventional
        } else {
            &mut self.others
        };
        *counter += 1;
        let first_of_its_kind = *counter == 1;
        let superseded = self.conventional > 0 && !self.is_conventional(&path);
        Ok((first_of_its_kind && (self.named > 0 || !superseded)).then_some(path))
    }

    pub(super) fn finish(self) -> Result<(), UnboxError> {
        if let Some(entry) = &self.hint.entry {
            return match self.named {
                0 => Err(UnboxError::NoSuchEntry { entry: entry.clone(), candidates: self.candidates }),
                1 => Ok(()),
                _ => Err(UnboxError::corrupt(format!("{entry:?} is in the archive twice"))),
            };
        }
        match (self.conventional, self.others) {
            (1, _) | (0, 1) => Ok(()),
            (0, 0) => {
                let place = self.hint.subdirectory.as_ref().map(|place| format!(" below {place:?}"));
                Err(UnboxError::NoModule { place: place.unwrap_or_default() })
            }
            (conventional, others) => {
                let total = conventional.saturating_add(others);
                Err(UnboxError::Ambiguous { candidates: self.candidates, total })
            }
        }
    }

    /// The path as a person would write it in a fragment. `None` for what cannot be chosen:
    /// absolute paths, `..`, unreadable names, and the side files that macOS puts in archives.
    fn relative(&self, raw: &[u8]) -> Option<String> {
        let text = std::str::from_utf8(raw).ok()?;
        if text.len() > MAX_PATH || text.starts_with('/') || text.ends_with('/') {
            return None;
        }
        if text.chars().any(|c| c.is_control() || c == '\\') {
            return None;
        }
        let mut parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        if parts.contains(&"..") || parts.last().is_none_or(|name| name.starts_with("._")) {
            return None;
        }
        if self.hint.wrapped {
            parts.remove(0);
        }
        (!parts.is_empty()).then(|| parts.join("/"))
    }

    fn is_conventional(&self, path: &str) -> bool {
        !self.hint.every && path.rsplit('/').next() == Some(CONVENTIONAL)
    }

    fn below_subdirectory(&self, path: &str) -> bool {
        let Some(directory) = &self.hint.subdirectory else { return true };
        path.strip_prefix(directory.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// An entry may be named from the archive's root or from the link's directory.
    fn is_named(&self, path: &str) -> bool {
        let Some(entry) = self.hint.entry.as_deref() else { return false };
        let inside = self
            .hint
            .subdirectory
            .as_deref()
            .and_then(|directory| path.strip_prefix(directory).and_then(|rest| rest.strip_prefix('/')));
        path == entry || inside == Some(entry)
    }
}
