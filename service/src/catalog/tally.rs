//! Counting by facets. Of what one may choose several of (type, ABI, licence, namespace: any of
//! them will do), a value counts what fits everything but the choices of its own kind. Of what
//! must hold together (capabilities, hosts), it counts what fits everything and has it too. Pure.
use super::{
    count::{MOST_NAMESPACES, by_count},
    query::{CatalogQuery, Narrow},
    view::{CatalogFacet, CatalogFacets, FacetValue},
};
use std::collections::BTreeMap;
use tamis_entities::value::{Facets, Slug};
use tamis_verification::{CapabilityWords, capabilities, recent_hosts};

/// Licences that are listed.
const MOST_LICENCES: usize = 30;

type Counts = BTreeMap<String, u64>;

pub struct Tally<'n> {
    narrow: &'n Narrow,
    words: Vec<CapabilityWords>,
    total: u64,
    types: Counts,
    abis: Counts,
    licences: Counts,
    pub namespaces: Counts,
    capabilities: Counts,
    without: Counts,
    /// By generation.
    hosts: Counts,
}

fn count(counts: &mut Counts, value: Option<&str>, many: u64) {
    if let Some(value) = value {
        match counts.get_mut(value) {
            Some(count) => *count += many,
            None => {
                counts.insert(value.to_owned(), many);
            }
        }
    }
}

impl<'n> Tally<'n> {
    pub fn new(narrow: &'n Narrow) -> Self {
        Self {
            narrow,
            words: capabilities(),
            total: 0,
            types: Counts::new(),
            abis: Counts::new(),
            licences: Counts::new(),
            namespaces: Counts::new(),
            capabilities: Counts::new(),
            without: Counts::new(),
            hosts: Counts::new(),
        }
    }

    /// So many filters with these facets; whether they are in a chosen namespace, and in which.
    pub fn add(
        &mut self,
        facets: Option<&Facets>,
        licence: Option<&str>,
        (here, namespace): (bool, Option<&Slug>),
        many: u64,
    ) {
        let nothing = Facets::default();
        let facets = facets.unwrap_or(&nothing);
        if !self.narrow.has_powers(facets) {
            return;
        }
        let kind = facets.plugin_type.map(|t| t.as_str());
        let abi = facets.abi_version.as_deref();
        let chosen = [
            self.narrow.has_type(facets),
            self.narrow.has_abi(facets),
            self.narrow.has_licence(licence),
            here,
        ];
        let missed = chosen.iter().filter(|fits| !**fits).count();
        // What fits but for the choices of one kind counts for the values of that kind alone.
        let counts = |own: usize| missed == 0 || (missed == 1 && !chosen[own]);
        if counts(0) {
            count(&mut self.types, kind, many);
        }
        if counts(1) {
            count(&mut self.abis, abi, many);
        }
        if counts(2) {
            count(&mut self.licences, licence, many);
        }
        if counts(3) {
            count(&mut self.namespaces, namespace.map(Slug::as_str), many);
        }
        if missed == 0 {
            self.total += many;
            self.add_powers(facets, many);
        }
    }

    fn add_powers(&mut self, facets: &Facets, many: u64) {
        for words in &self.words {
            let has = facets.capabilities.contains(words.id);
            count(if has { &mut self.capabilities } else { &mut self.without }, Some(words.id), many);
        }
        for host in &facets.hosts {
            count(&mut self.hosts, Some(host), many);
        }
    }

    pub fn into_view(self, query: &CatalogQuery, all: u64, capped: bool) -> CatalogFacets {
        let mut hosts = self.narrow.hosts.clone();
        let recent = recent_hosts();
        hosts.retain(|host| !recent.contains(host));
        let hosts = recent.into_iter().chain(hosts).map(|host| FacetValue {
            count: self.hosts.get(&host.generation).copied().unwrap_or_default(),
            selected: query.loads_in.0.contains(&host.name),
            value: host.name,
            title: Some(host.title),
        });
        let powers = |counts: &Counts, chosen: &[String]| -> Vec<FacetValue> {
            let value = |words: &CapabilityWords| FacetValue {
                value: words.id.to_owned(),
                title: Some(words.title.to_owned()),
                count: counts.get(words.id).copied().unwrap_or_default(),
                selected: chosen.iter().any(|id| id == words.id),
            };
            self.words.iter().map(value).filter(|value| value.count > 0 || value.selected).collect()
        };
        let types: Vec<_> = query.plugin_type.0.iter().map(ToString::to_string).collect();
        let namespaces: Vec<_> = query.namespace.0.iter().map(ToString::to_string).collect();
        let facets = vec![
            CatalogFacet::new("type", values(&self.types, &types), usize::MAX),
            CatalogFacet::new("loads_in", hosts.collect(), usize::MAX),
            CatalogFacet::new("capability", powers(&self.capabilities, &query.capability.0), usize::MAX),
            CatalogFacet::new("without", powers(&self.without, &query.without.0), usize::MAX),
            CatalogFacet::new("abi", values(&self.abis, &query.abi.0), usize::MAX),
            CatalogFacet::new("licence", values(&self.licences, &query.licence.0), MOST_LICENCES),
            CatalogFacet::new("namespace", values(&self.namespaces, &namespaces), MOST_NAMESPACES as usize),
        ];
        CatalogFacets { total: self.total, all, capped, facets }
    }
}

/// What was chosen is there even if nothing has it.
fn values(counts: &Counts, chosen: &[String]) -> Vec<FacetValue> {
    let mut counts = counts.clone();
    for value in chosen {
        counts.entry(value.clone()).or_default();
    }
    let value = |(value, count): (String, u64)| FacetValue {
        selected: chosen.contains(&value),
        value,
        title: None,
        count,
    };
    by_count(counts.into_iter().map(value).collect())
}
