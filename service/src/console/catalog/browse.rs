//! What the catalog's page is asked for, and the links that ask for something else. Knows no row.
use super::tile::Tile;
use crate::{
    catalog::list::{CatalogQuery, CatalogSort},
    error::{Error, Result},
};
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::IntoParams;

const ON_A_PAGE: u64 = 24;

/// As the page's own links and form send it; an empty field asks nothing.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BrowseQuery {
    /// Words of name, title, summary, labels or README.
    #[param(max_length = 200)]
    pub q: Option<String>,
    pub namespace: Option<String>,
    /// `http`, `network` or `service`.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub plugin_type: Option<String>,
    pub abi: Option<String>,
    pub licence: Option<String>,
    pub label: Option<String>,
    pub category: Option<String>,
    /// `published` or `name`.
    pub sort: Option<String>,
    /// `grid` or `table`; remembered.
    pub view: Option<String>,
    /// Where the page before ended.
    pub after: Option<String>,
}

impl BrowseQuery {
    pub fn table(&self) -> Option<bool> {
        self.view.as_deref().map(|view| view == "table")
    }
}

/// A group of choices beside the results.
pub struct Facet {
    pub title: &'static str,
    pub choices: Vec<Choice>,
}

pub struct Choice {
    pub label: String,
    pub link: String,
    pub chosen: bool,
    /// How many there would be, where that is known.
    pub count: Option<u64>,
}

pub struct Browse {
    query: BrowseQuery,
}

fn given(field: &Option<String>) -> Option<&str> {
    field.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

impl Browse {
    pub fn new(query: BrowseQuery) -> Self {
        Self { query }
    }

    pub fn q(&self) -> &str {
        given(&self.query.q).unwrap_or_default()
    }

    pub fn is_later(&self) -> bool {
        given(&self.query.after).is_some()
    }

    pub fn sort(&self) -> &'static str {
        if !self.q().is_empty() {
            return "match";
        }
        if given(&self.query.sort) == Some("name") { "name" } else { "published" }
    }

    /// The words to mark in what was found.
    pub fn words(&self) -> Vec<String> {
        self.q().split_whitespace().filter(|w| w.len() > 1).map(str::to_ascii_lowercase).collect()
    }

    /// The same question as the API takes it.
    pub fn asked(&self) -> Result<CatalogQuery> {
        let q = &self.query;
        let text = |field: &Option<String>| given(field).map(str::to_owned);
        let wrong = |name: &str| Error::invalid(name, "nothing in the catalog can have this value");
        Ok(CatalogQuery {
            q: text(&q.q),
            namespace: given(&q.namespace).map(str::parse).transpose().map_err(|_| wrong("namespace"))?,
            plugin_type: given(&q.plugin_type).map(str::parse).transpose().map_err(|_| wrong("type"))?,
            abi: text(&q.abi),
            licence: text(&q.licence),
            label: text(&q.label),
            category: text(&q.category),
            sort: Some(if self.sort() == "name" { CatalogSort::Name } else { CatalogSort::Published }),
            after: text(&q.after),
            limit: Some(ON_A_PAGE),
        })
    }

    /// What stays when something else is chosen, in the order of the URL.
    fn pairs(&self) -> [(&'static str, Option<&str>); 8] {
        let q = &self.query;
        [
            ("q", given(&q.q)),
            ("type", given(&q.plugin_type)),
            ("abi", given(&q.abi)),
            ("licence", given(&q.licence)),
            ("namespace", given(&q.namespace)),
            ("label", given(&q.label)),
            ("category", given(&q.category)),
            ("sort", given(&q.sort)),
        ]
    }

    /// The same page with one thing chosen otherwise; pages start again.
    pub fn with(&self, name: &str, value: Option<&str>) -> String {
        let mut url = url::form_urlencoded::Serializer::new(String::new());
        for (key, kept) in self.pairs() {
            if let Some(kept) = kept.filter(|_| key != name) {
                url.append_pair(key, kept);
            }
        }
        if let Some(value) = value {
            url.append_pair(name, value);
        }
        match url.finish() {
            none if none.is_empty() => "/catalog".into(),
            query => format!("/catalog?{query}"),
        }
    }

    pub fn sorted(&self, by: &str) -> String {
        self.with("sort", Some(by))
    }

    pub fn viewed(&self, as_what: &str) -> String {
        self.with("view", Some(as_what))
    }

    pub fn first(&self) -> String {
        self.with("after", None)
    }

    /// What is chosen besides the words, each with the link that takes it back.
    pub fn active(&self) -> Vec<Choice> {
        let named = |name: &str| match name {
            "type" => "Type",
            "abi" => "ABI",
            "licence" => "Licence",
            "namespace" => "Namespace",
            "label" => "Label",
            _ => "Category",
        };
        let chosen = self.pairs().into_iter().filter(|(name, _)| !["q", "sort"].contains(name));
        let choice = |(name, value): (&str, Option<&str>)| {
            let label = format!("{} {}", named(name), value?);
            Some(Choice { label, link: self.with(name, None), chosen: true, count: None })
        };
        chosen.filter_map(choice).collect()
    }

    /// The form of the search keeps what is chosen.
    pub fn kept(&self) -> Vec<(&'static str, &str)> {
        self.pairs().into_iter().filter(|(name, _)| *name != "q").filter_map(|(n, v)| Some((n, v?))).collect()
    }

    pub fn facets(&self, tiles: &[Tile]) -> Vec<Facet> {
        let on_page = |of: fn(&Tile) -> Option<String>| tiles.iter().filter_map(of).collect::<BTreeSet<_>>();
        let fixed = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
        let licences = on_page(|t| t.item.licence.clone()).into_iter().collect();
        let namespaces = on_page(|t| Some(t.item.namespace.to_string())).into_iter().collect();
        let labels = tiles.iter().flat_map(|t| t.item.labels.iter().cloned()).collect::<BTreeSet<_>>();
        vec![
            self.facet("Type", "type", fixed(&["http", "network", "service"])),
            self.facet("ABI", "abi", fixed(&["0.2.1", "0.2.0", "0.1.0"])),
            self.facet("Licence", "licence", licences),
            self.facet("Namespace", "namespace", namespaces),
            self.facet("Label", "label", labels.into_iter().collect()),
        ]
    }

    fn facet(&self, title: &'static str, name: &'static str, mut values: Vec<String>) -> Facet {
        let current = self.pairs().into_iter().find(|(n, _)| *n == name).and_then(|(_, v)| v);
        if let Some(current) = current.filter(|c| !values.iter().any(|v| v == c)) {
            values.insert(0, current.to_owned());
        }
        let choice = |value: String| {
            let chosen = current == Some(value.as_str());
            let link = self.with(name, (!chosen).then_some(value.as_str()));
            let label = match (name, value.as_str()) {
                ("type", "http") => "HTTP".into(),
                ("type", "network") => "Network".into(),
                ("type", "service") => "Service".into(),
                _ => value,
            };
            Choice { label, link, chosen, count: None }
        };
        Facet { title, choices: values.into_iter().take(8).map(choice).collect() }
    }
}
