//! How a comparison looks from outside.
use super::lines::{self, Edit};
use serde::Serialize;
use std::collections::BTreeSet;
use tamis_entities::{
    release,
    value::{PluginType, ReleaseState, Sha256, Timestamp, Version},
};
use tamis_verification::{ModuleChanges, TextChange};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct ReleaseDiff {
    pub from: ReleaseSide,
    pub to: ReleaseSide,
    /// Both have the same module.
    pub same_bytes: bool,
    pub module: ModuleChanges,
    pub metadata: MetadataChanges,
}

/// One of the two that are compared.
#[derive(Serialize, ToSchema)]
pub struct ReleaseSide {
    pub version: Version,
    pub state: ReleaseState,
    pub digest: Sha256,
    pub created_at: Timestamp,
    pub published_at: Option<Timestamp>,
}

impl From<&release::Model> for ReleaseSide {
    fn from(r: &release::Model) -> Self {
        Self {
            version: r.version.clone(),
            state: r.state,
            digest: r.sha256.clone(),
            created_at: r.created_at,
            published_at: r.published_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct MetadataChanges {
    #[serde(rename = "type")]
    pub plugin_type: TypeChange,
    pub root_id: TextChange,
    pub licence: TextChange,
    pub source_commit: TextChange,
    pub summary: TextChange,
    pub readme: ReadmeChange,
    pub config_schema: SchemaChanges,
    pub config_sample_changed: bool,
    pub environment_keys: KeyChanges,
}

#[derive(Serialize, ToSchema)]
pub struct TypeChange {
    pub old: Option<PluginType>,
    pub new: Option<PluginType>,
}

#[derive(Serialize, ToSchema)]
pub struct KeyChanges {
    pub added: Vec<String>,
    pub removed: Vec<String>,
}

impl KeyChanges {
    pub fn of(old: &[String], new: &[String]) -> Self {
        let (old, new): (BTreeSet<_>, BTreeSet<_>) = (old.iter().collect(), new.iter().collect());
        let only = |some: &BTreeSet<&String>, other| some.difference(other).map(|k| (*k).clone()).collect();
        Self { added: only(&new, &old), removed: only(&old, &new) }
    }
}

/// Properties of the configuration by their path: `limits.burst`, `rules[].header`.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct SchemaChanges {
    /// The schemas differ, if only in what is not listed here.
    pub changed: bool,
    pub added: Vec<SchemaProperty>,
    pub removed: Vec<SchemaProperty>,
    pub altered: Vec<SchemaPropertyChange>,
    /// One of the schemas has more properties than are compared.
    pub cut: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SchemaProperty {
    pub path: String,
    /// As in the schema: `string`, `integer or null`; `any` if it says nothing.
    #[serde(rename = "type")]
    pub kind: String,
    /// By the object that it is a property of.
    pub required: bool,
}

#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SchemaPropertyChange {
    pub path: String,
    pub old: SchemaProperty,
    pub new: SchemaProperty,
    /// Something else that is demanded of the value has changed: its values, range or pattern.
    pub rules_changed: bool,
}

#[derive(Serialize, ToSchema)]
pub struct ReadmeChange {
    pub changed: bool,
    pub lines_added: u64,
    pub lines_removed: u64,
    /// Changed lines with some around them.
    pub lines: Vec<ReadmeLine>,
    /// Lines left out to stay readable.
    pub left_out: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineChange {
    Same,
    Added,
    Removed,
    /// Lines that both have and that are not shown; how many is in `text`.
    Gap,
}

#[derive(Serialize, ToSchema)]
pub struct ReadmeLine {
    pub change: LineChange,
    pub text: String,
}

/// Lines that are shown.
const MOST_LINES: usize = 1_000;
/// Unchanged lines around a change.
const CONTEXT: usize = 3;

impl ReadmeChange {
    pub fn of(old: &str, new: &str) -> Self {
        let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
        let edits = lines::edits(&old, &new);
        let count = |which: Edit| edits.iter().filter(|(edit, _)| *edit == which).count() as u64;
        let mut lines = with_context(&edits);
        let left_out = lines.len().saturating_sub(MOST_LINES) as u64;
        lines.truncate(MOST_LINES);
        let (lines_added, lines_removed) = (count(Edit::Added), count(Edit::Removed));
        Self { changed: lines_added + lines_removed > 0, lines_added, lines_removed, lines, left_out }
    }
}

fn with_context(edits: &[(Edit, &str)]) -> Vec<ReadmeLine> {
    let mut shown = vec![false; edits.len()];
    for (at, _) in edits.iter().enumerate().filter(|(_, (edit, _))| *edit != Edit::Same) {
        let around = at.saturating_sub(CONTEXT)..(at + CONTEXT + 1).min(edits.len());
        shown[around].fill(true);
    }
    let (mut lines, mut skipped) = (Vec::new(), 0);
    let gap = |skipped: usize| ReadmeLine { change: LineChange::Gap, text: skipped.to_string() };
    for ((edit, text), shown) in edits.iter().zip(shown) {
        if !shown {
            skipped += 1;
            continue;
        }
        if skipped > 0 {
            lines.push(gap(skipped));
            skipped = 0;
        }
        let change = match edit {
            Edit::Same => LineChange::Same,
            Edit::Added => LineChange::Added,
            Edit::Removed => LineChange::Removed,
        };
        lines.push(ReadmeLine { change, text: (*text).to_owned() });
    }
    if skipped > 0 && !lines.is_empty() {
        lines.push(gap(skipped));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_is_shown_with_three_around_it() {
        let text =
            |n: usize| (0..20).map(|i| if i == n { "new\n".into() } else { format!("{i}\n") }).collect();
        let (old, new): (String, String) = (text(99), text(10));
        let found = ReadmeChange::of(&old, &new);
        assert_eq!((found.lines_added, found.lines_removed, found.left_out), (1, 1, 0));
        let shown: Vec<_> = found.lines.iter().map(|l| format!("{:?} {}", l.change, l.text)).collect();
        let wanted = [
            "Gap 7",
            "Same 7",
            "Same 8",
            "Same 9",
            "Removed 10",
            "Added new",
            "Same 11",
            "Same 12",
            "Same 13",
            "Gap 6",
        ];
        assert_eq!(shown, wanted);
        let same = ReadmeChange::of(&old, &old);
        assert!(!same.changed && same.lines.is_empty());
    }
}
