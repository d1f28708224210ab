//! The choices beside the results, each with how many filters it would leave. Pure.
use super::browse::{self, Browse};
use crate::catalog::view::{CatalogFacet, FacetValue};

/// Values that stand open; further ones are behind a fold.
const OPEN: usize = 6;

pub struct Facet {
    pub title: &'static str,
    pub choices: Vec<Choice>,
    pub folded: Vec<Choice>,
    /// The catalog has still more values than are listed.
    pub more: bool,
}

pub struct Choice {
    pub label: String,
    pub link: String,
    pub chosen: bool,
    pub count: u64,
}

pub fn of(browse: &Browse, found: &[CatalogFacet]) -> Vec<Facet> {
    found.iter().filter(|facet| !facet.values.is_empty()).map(|facet| one(browse, facet)).collect()
}

fn one(browse: &Browse, facet: &CatalogFacet) -> Facet {
    let choice = |value: &FacetValue| Choice {
        link: browse.toggled(facet.name, &value.value),
        label: value.title.clone().unwrap_or_else(|| browse::in_words(facet.name, &value.value)),
        chosen: value.selected,
        count: value.count,
    };
    let mut choices: Vec<_> = facet.values.iter().map(choice).collect();
    let at = OPEN.min(choices.len());
    let mut folded = choices.split_off(at);
    // What is chosen is never out of sight.
    choices.extend(folded.extract_if(.., |choice| choice.chosen));
    Facet { title: browse::title(facet.name), choices, folded, more: facet.more }
}
