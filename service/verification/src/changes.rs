//! What changed from one module to another, group by group: the facts of two reports, and the texts.
//! Judges nothing: a new capability is an addition here like any other. Lists are bounded.

mod view;

use std::collections::{BTreeMap, BTreeSet};

pub use view::{
    CapabilityChange, CapabilityChanges, ExportChange, ExportChanges, ExportName, FunctionChange,
    FunctionFacts, ImportChange, ImportChanges, ImportName, ModuleChanges, SectionChange, SectionChanges,
    SizeChange, TextChange, TextChanges,
};

use crate::texts::mark;
use crate::{Capability, ExportItem, ImportItem, Report, Section, Texts};

/// Entries in each list.
const MOST: usize = 500;

#[must_use]
pub fn changes(old: (&Report, &Texts), new: (&Report, &Texts)) -> ModuleChanges {
    let ((old, old_texts), (new, new_texts)) = (old, new);
    let count = |report: &Report, of: &str| {
        let section = report.sections.iter().find(|section| !section.custom && section.name == of);
        section.map_or((0, 0), |section| (section.count.unwrap_or_default(), section.size))
    };
    let functions = |report: &Report| FunctionFacts {
        count: count(report, "function").0,
        code_bytes: count(report, "code").1,
    };
    ModuleChanges {
        size: SizeChange { old: old.size, new: new.size },
        functions: FunctionChange { old: functions(old), new: functions(new) },
        abi_version: TextChange { old: old.abi_version.clone(), new: new.abi_version.clone() },
        toolchain: TextChange { old: old.toolchain.clone(), new: new.toolchain.clone() },
        capabilities: capabilities(&old.capabilities, &new.capabilities),
        imports: imports(old, new),
        exports: exports(old, new),
        sections: sections(old, new),
        strings: texts(
            (&old_texts.strings, old_texts.strings_cut),
            (&new_texts.strings, new_texts.strings_cut),
        ),
        urls: texts((&old_texts.urls, old_texts.urls_cut), (&new_texts.urls, new_texts.urls_cut)),
    }
}

/// In the order of the table of capabilities, most telling first.
fn capabilities(old: &[Capability], new: &[Capability]) -> CapabilityChanges {
    let mut out = CapabilityChanges::default();
    for capability in new {
        let Some(before) = old.iter().find(|before| before.id == capability.id) else {
            out.added.push(capability.clone());
            continue;
        };
        let without = |some: &Capability, other: &Capability| {
            some.imports.iter().filter(|import| !other.imports.contains(import)).cloned().collect::<Vec<_>>()
        };
        let (added, removed) = (without(capability, before), without(before, capability));
        match added.is_empty() && removed.is_empty() {
            true => out.unchanged.push(capability.clone()),
            false => out.changed.push(CapabilityChange {
                id: capability.id.clone(),
                title: capability.title.clone(),
                imports_added: added,
                imports_removed: removed,
            }),
        }
    }
    let gone = |before: &&Capability| !new.iter().any(|capability| capability.id == before.id);
    out.removed = old.iter().filter(gone).cloned().collect();
    out
}

/// What each name stands for: more than one thing where a name comes twice.
type Names<K> = BTreeMap<K, BTreeSet<String>>;

struct Compared<K> {
    added: Vec<(K, String)>,
    removed: Vec<(K, String)>,
    changed: Vec<(K, String, String)>,
    unchanged: Vec<(K, String)>,
    left_out: u64,
}

fn compare<K: Ord + Clone>(old: &Names<K>, new: &Names<K>) -> Compared<K> {
    let text = |all: &BTreeSet<String>| all.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let mut out =
        Compared { added: vec![], removed: vec![], changed: vec![], unchanged: vec![], left_out: 0 };
    for (key, what) in new {
        match old.get(key) {
            None => out.added.push((key.clone(), text(what))),
            Some(before) if before == what => out.unchanged.push((key.clone(), text(what))),
            Some(before) => out.changed.push((key.clone(), text(before), text(what))),
        }
    }
    let gone = old.iter().filter(|(key, _)| !new.contains_key(key));
    out.removed = gone.map(|(key, what)| (key.clone(), text(what))).collect();
    out.left_out = shorten(&mut out.added) + shorten(&mut out.removed) + shorten(&mut out.changed);
    out.unchanged.truncate(MOST);
    out
}

fn shorten<T>(list: &mut Vec<T>) -> u64 {
    let over = list.len().saturating_sub(MOST);
    list.truncate(MOST);
    over as u64
}

fn what(kind: &str, ty: &str) -> String {
    format!("{kind} {ty}").trim_end().to_owned()
}

fn imports(old: &Report, new: &Report) -> ImportChanges {
    let names = |report: &Report| {
        let mut names = Names::new();
        for ImportItem { module, name, kind, ty } in &report.imports {
            names.entry((module.clone(), name.clone())).or_insert_with(BTreeSet::new).insert(what(kind, ty));
        }
        names
    };
    let found = compare(&names(old), &names(new));
    let item = |((module, name), what)| ImportName { module, name, what };
    let change = |((module, name), old, new)| ImportChange { module, name, old, new };
    ImportChanges {
        added: found.added.into_iter().map(item).collect(),
        removed: found.removed.into_iter().map(item).collect(),
        changed: found.changed.into_iter().map(change).collect(),
        unchanged: found.unchanged.into_iter().map(item).collect(),
        left_out: found.left_out,
        cut: old.left_out.imports + new.left_out.imports > 0,
    }
}

fn exports(old: &Report, new: &Report) -> ExportChanges {
    let names = |report: &Report| {
        let mut names = Names::new();
        for ExportItem { name, kind, ty } in &report.exports {
            names.entry(name.clone()).or_insert_with(BTreeSet::new).insert(what(kind, ty));
        }
        names
    };
    let found = compare(&names(old), &names(new));
    let item = |(name, what)| ExportName { name, what };
    let change = |(name, old, new)| ExportChange { name, old, new };
    ExportChanges {
        added: found.added.into_iter().map(item).collect(),
        removed: found.removed.into_iter().map(item).collect(),
        changed: found.changed.into_iter().map(change).collect(),
        unchanged: found.unchanged.into_iter().map(item).collect(),
        left_out: found.left_out,
        cut: old.left_out.exports + new.left_out.exports > 0,
    }
}

/// In the order of the newer module, then those that are gone. Custom sections of one name count as one.
fn sections(old: &Report, new: &Report) -> SectionChanges {
    let mut items: Vec<SectionChange> = Vec::new();
    let mut places = BTreeMap::new();
    let mut add = |section: &Section, side: fn(&mut SectionChange) -> &mut Option<u64>| {
        let place = *places.entry((section.custom, section.name.clone())).or_insert(items.len());
        if place == items.len() {
            let (name, custom) = (section.name.clone(), section.custom);
            items.push(SectionChange { name, custom, old: None, new: None });
        }
        let size = side(&mut items[place]);
        *size = Some(size.unwrap_or_default().saturating_add(section.size));
    };
    new.sections.iter().for_each(|section| add(section, |change| &mut change.new));
    old.sections.iter().for_each(|section| add(section, |change| &mut change.old));
    let left_out = shorten(&mut items);
    SectionChanges { items, left_out, cut: old.left_out.sections + new.left_out.sections > 0 }
}

/// Where one side was cut, only those texts are compared that neither side can have lost.
fn texts(old: (&BTreeSet<String>, bool), new: (&BTreeSet<String>, bool)) -> TextChanges {
    let reach = |(all, cut): (&BTreeSet<String>, bool)| match cut {
        true => all.iter().map(|text| mark(text)).max().unwrap_or_default(),
        false => u64::MAX,
    };
    let within = reach(old).min(reach(new));
    let without = |some: &BTreeSet<String>, other: &BTreeSet<String>| {
        some.difference(other).filter(|text| mark(text) <= within).cloned().collect::<Vec<_>>()
    };
    let (mut added, mut removed) = (without(new.0, old.0), without(old.0, new.0));
    let left_out = shorten(&mut added) + shorten(&mut removed);
    let unchanged = old.0.intersection(new.0).count() as u64;
    TextChanges { added, removed, unchanged, left_out, cut: old.1 || new.1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(range: std::ops::Range<u32>) -> BTreeSet<String> {
        range.map(|n| format!("text {n}")).collect()
    }

    /// The texts with the smallest marks, as a reading keeps them.
    fn sample(range: std::ops::Range<u32>, most: usize) -> BTreeSet<String> {
        let mut all: Vec<_> = set(range).into_iter().collect();
        all.sort_by_key(|text| mark(text));
        all.into_iter().take(most).collect()
    }

    #[test]
    fn texts_that_were_cut_never_seem_to_come_or_go() {
        let (old, new) = (sample(0..1000, 50), sample(0..1200, 50));
        let found = texts((&old, true), (&new, true));
        assert!(found.cut && found.removed.is_empty(), "{found:?}");
        let fresh: Vec<u32> = found.added.iter().map(|t| t[5..].parse().unwrap()).collect();
        assert!(!fresh.is_empty() && fresh.iter().all(|n| *n >= 1000), "{fresh:?}");
        let same = texts((&old, true), (&old, true));
        assert_eq!((same.added.len(), same.removed.len(), same.unchanged), (0, 0, 50));
    }

    #[test]
    fn long_lists_are_cut_and_say_by_how_much() {
        let found = texts((&set(0..10), false), (&set(10..1000), false));
        assert_eq!((found.added.len(), found.removed.len(), found.left_out), (MOST, 10, 990 - MOST as u64));
    }
}
