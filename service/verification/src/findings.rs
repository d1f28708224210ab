//! Collects what the checks find, within limits: a module with a million wrong imports gets a
//! report of readable length that says how much it leaves out. Knows no check.

use std::collections::HashMap;

use crate::{Finding, Severity};

/// Findings of one id before only their number is kept.
const MOST_OF_ONE: u64 = 20;
/// Findings in all; there are far fewer checks than this, so every id gets a place.
const MOST: usize = 400;

#[derive(Default)]
pub struct Findings {
    list: Vec<Finding>,
    seen: HashMap<&'static str, u64>,
    worst: Option<Severity>,
    left_out: u64,
}

impl Findings {
    pub fn error(&mut self, id: &'static str, message: impl Into<String>) -> Entry<'_> {
        self.add(id, Severity::Error, message.into())
    }

    pub fn warning(&mut self, id: &'static str, message: impl Into<String>) -> Entry<'_> {
        self.add(id, Severity::Warning, message.into())
    }

    pub fn info(&mut self, id: &'static str, message: impl Into<String>) -> Entry<'_> {
        self.add(id, Severity::Info, message.into())
    }

    fn add(&mut self, id: &'static str, severity: Severity, message: String) -> Entry<'_> {
        self.worst = self.worst.max(Some(severity));
        let seen = self.seen.entry(id).or_default();
        *seen += 1;
        if *seen > MOST_OF_ONE || self.list.len() >= MOST {
            self.left_out += 1;
            return Entry(None);
        }
        self.list.push(Finding { id: id.to_owned(), severity, message, fix: None, location: None });
        Entry(self.list.last_mut())
    }

    /// The worst severity, of the findings that are left out too.
    pub fn worst(&self) -> Option<Severity> {
        self.worst
    }

    /// The first finding that keeps every host from loading the module.
    pub fn first_error(&self) -> Option<&Finding> {
        self.list.iter().find(|finding| finding.severity == Severity::Error)
    }

    /// Worst first, otherwise in the order of the checks; and how many are left out.
    pub fn into_list(mut self) -> (Vec<Finding>, u64) {
        self.list.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        (self.list, self.left_out)
    }
}

/// The finding just added, to say where and what to do; nothing if it was one too many.
pub struct Entry<'a>(Option<&'a mut Finding>);

impl Entry<'_> {
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        if let Some(finding) = &mut self.0 {
            finding.fix = Some(fix.into());
        }
        self
    }

    /// For a hint that takes time to find.
    pub fn fix_with(self, fix: impl FnOnce() -> String) -> Self {
        if self.0.is_some() { self.fix(fix()) } else { self }
    }

    pub fn at(mut self, location: impl Into<String>) -> Self {
        if let Some(finding) = &mut self.0 {
            finding.location = Some(location.into());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_finding_is_cut_and_counted() {
        let mut findings = Findings::default();
        for _ in 0..1_000_000 {
            findings.warning("flood", "wet");
        }
        findings.error("fire", "hot").fix("water").at("roof");
        assert_eq!(findings.worst(), Some(Severity::Error));
        let (list, left_out) = findings.into_list();
        assert_eq!((list.len(), left_out), (21, 1_000_000 - 20));
        assert_eq!(list[0].id, "fire", "the worst comes first");
        assert_eq!(list[0].location.as_deref(), Some("roof"));
    }
}
