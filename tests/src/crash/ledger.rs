//! What one worker knows of its own releases: acknowledged, gone, or not known. Nobody else
//! writes them, so a plain map is the reference that the server is compared with.
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Present,
    Absent,
    /// The connection broke before the answer came.
    Unknown,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub sha256: String,
    pub fate: Fate,
    /// Somebody asked for its publication, so it is not deleted any more.
    pub submitted: bool,
    /// The review to go on with.
    pub review: Option<serde_json::Value>,
    pub published: bool,
    /// The answer to `release` never came.
    pub publishing: bool,
    /// Which of the worker's modules it has, to send it again.
    pub salt: String,
}

#[derive(Default)]
pub struct Ledger {
    /// By filter; each has the one version `1.0.0`.
    pub entries: BTreeMap<String, Entry>,
    pub acknowledged: u64,
    pub unknown: u64,
    pub violations: Vec<String>,
}

impl Ledger {
    pub fn begin(&mut self, filter: &str, sha256: &str, salt: &str) {
        let entry = Entry {
            sha256: sha256.to_owned(),
            fate: Fate::Unknown,
            submitted: false,
            review: None,
            published: false,
            publishing: false,
            salt: salt.to_owned(),
        };
        self.entries.insert(filter.to_owned(), entry);
    }

    pub fn set(&mut self, filter: &str, fate: Fate) {
        self.acknowledged += 1;
        self.entries.get_mut(filter).expect("begun").fate = fate;
    }

    pub fn entry(&mut self, filter: &str) -> &mut Entry {
        self.entries.get_mut(filter).expect("begun")
    }

    pub fn violation(&mut self, text: String) {
        self.violations.push(text);
    }

    /// The filters that match.
    pub fn those(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<String> {
        self.entries.iter().filter(|(_, e)| wanted(e)).map(|(f, _)| f.clone()).collect()
    }

    pub fn published(&self) -> usize {
        self.entries.values().filter(|e| e.published).count()
    }
}
