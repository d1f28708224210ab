//! What a module may do to traffic and to its host, read off its imports by the table of powers.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::Capability;
use crate::facts::Facts;
use crate::tables::{CapabilityGroup, HOST_FUNCTIONS, POWERS, Power, WASI_FUNCTIONS, WASI_MODULES};

/// A capability that modules can have, in words.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = CapabilityWords))]
pub struct CapabilityWords {
    /// Stable, as in reports: `http-call`.
    pub id: &'static str,
    /// What the module may do: `Call out over HTTP`.
    pub title: &'static str,
    /// The same in a word or two.
    pub short: &'static str,
    /// One sentence.
    pub meaning: &'static str,
    /// What it is about, and the name of its picture.
    pub group: CapabilityGroup,
    /// Any of these imports is enough.
    pub imports: Vec<&'static str>,
}

/// All capabilities there are, most telling first.
#[must_use]
pub fn capabilities() -> Vec<CapabilityWords> {
    let known = HOST_FUNCTIONS.iter().map(|function| ("env", function.name));
    let known = known.chain(WASI_FUNCTIONS.iter().map(|function| (WASI_MODULES[0], function.name)));
    let known: Vec<_> = known.map(|(module, name)| (place(module, name), name)).collect();
    let imports = |at| known.iter().filter(|(place, _)| *place == Some(at)).map(|(_, name)| *name).collect();
    let words = |(at, power): (usize, &Power)| CapabilityWords {
        id: power.id,
        title: power.title,
        short: power.short,
        meaning: power.meaning,
        group: power.group,
        imports: imports(at),
    };
    POWERS.iter().enumerate().map(words).collect()
}

/// What a capability is about.
#[must_use]
pub fn group_of(id: &str) -> Option<CapabilityGroup> {
    POWERS.iter().find(|power| power.id == id).map(|power| power.group)
}

pub fn of(facts: &Facts<'_>) -> Vec<Capability> {
    let mut proof: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); POWERS.len()];
    for (import, _) in facts.function_imports() {
        if let Some(place) = place(import.module, import.name) {
            proof[place].insert(import.name);
        }
    }
    POWERS
        .iter()
        .zip(proof)
        .filter(|(_, imports)| !imports.is_empty())
        .map(|(known, imports)| Capability {
            id: known.id.to_owned(),
            title: known.title.to_owned(),
            imports: imports.into_iter().map(str::to_owned).collect(),
        })
        .collect()
}

fn place(module: &str, name: &str) -> Option<usize> {
    if module == "env" {
        return POWERS.iter().position(|known| known.env.contains(&name));
    }
    if !WASI_MODULES.contains(&module) {
        return None;
    }
    POWERS.iter().position(|known| known.wasi.contains(&name)).or_else(|| {
        let file = name.starts_with("fd_") || name.starts_with("path_");
        let known = crate::tables::wasi_function(name).is_some();
        if file && known { POWERS.iter().position(|known| known.id == "files") } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_a_host_offers_belongs_to_a_capability() {
        for function in HOST_FUNCTIONS {
            assert!(place("env", function.name).is_some(), "{}", function.name);
        }
        for function in WASI_FUNCTIONS {
            assert!(place("wasi_snapshot_preview1", function.name).is_some(), "{}", function.name);
            assert_eq!(place("wasi_unstable", function.name), place("wasi_snapshot_preview1", function.name));
        }
        assert_eq!(place("env", "fd_write"), None);
        assert_eq!(place("other", "proxy_log"), None);
    }

    #[test]
    fn ids_and_words_are_unique() {
        for words in [|p: &Power| p.id, |p: &Power| p.title, |p: &Power| p.short, |p: &Power| p.meaning] {
            let all: BTreeSet<_> = POWERS.iter().map(words).collect();
            assert_eq!(all.len(), POWERS.len());
        }
    }

    #[test]
    fn every_capability_says_what_it_means_and_by_which_imports() {
        for words in capabilities() {
            assert!(words.meaning.ends_with('.') && !words.title.ends_with('.'), "{}", words.id);
            assert!(words.short.len() <= 18, "{}", words.short);
            assert!(!words.imports.is_empty(), "{}", words.id);
        }
    }
}
