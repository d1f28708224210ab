//! What the catalog's page is asked for, and the links that ask for something else. Knows no row.
use crate::{
    catalog::query::{CatalogQuery, CatalogSort},
    error::{Error, Result},
    http::many::{Many, Repeats},
};
use serde::Deserialize;
use std::str::FromStr;
use utoipa::IntoParams;

const ON_A_PAGE: u64 = 24;

/// As the page's own links and form send it; an empty field asks nothing.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BrowseQuery {
    /// Words of name, title, summary, labels or README.
    #[param(max_length = 200)]
    pub q: Option<String>,
    /// `http`, `network` or `service`.
    #[serde(default, rename = "type")]
    #[param(rename = "type", value_type = Option<Vec<String>>)]
    pub plugin_type: Many<String>,
    /// Hosts that must load it: `envoy-1.36`.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>)]
    pub loads_in: Many<String>,
    /// Capabilities that it must have.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>)]
    pub capability: Many<String>,
    /// Capabilities that it must not have.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>)]
    pub without: Many<String>,
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>)]
    pub abi: Many<String>,
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>)]
    pub licence: Many<String>,
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>)]
    pub namespace: Many<String>,
    pub label: Option<String>,
    pub category: Option<String>,
    /// `newest`, `downloads` or `name`.
    pub sort: Option<String>,
    /// `grid` or `table`; remembered.
    pub view: Option<String>,
    /// Where the page before ended.
    pub after: Option<String>,
}

impl Repeats for BrowseQuery {
    const REPEATS: &'static [&'static str] = CatalogQuery::REPEATS;
}

impl BrowseQuery {
    pub fn table(&self) -> Option<bool> {
        self.view.as_deref().map(|view| view == "table")
    }
}

/// Something that is chosen, with the link that takes it back.
pub struct Active {
    pub label: String,
    pub link: String,
}

pub struct Browse {
    query: BrowseQuery,
}

fn given(field: &Option<String>) -> Option<&str> {
    field.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// What a facet is called on the screen.
pub fn title(name: &str) -> &'static str {
    match name {
        "type" => "Type",
        "loads_in" => "Loads in",
        "capability" => "Can",
        "without" => "Cannot",
        "abi" => "ABI",
        "licence" => "Licence",
        "namespace" => "Namespace",
        "label" => "Label",
        _ => "Category",
    }
}

/// What a value is called, where that is not the value itself.
pub fn in_words(name: &str, value: &str) -> String {
    let word = |word: &str| word.to_owned();
    match (name, value) {
        ("type", "http") => word("HTTP"),
        ("type", "network") => word("Network"),
        ("type", "service") => word("Service"),
        ("loads_in", host) => tamis_verification::host_version(host).map_or_else(|| word(host), |h| h.title),
        ("capability" | "without", id) => {
            let known = tamis_verification::capabilities();
            known.iter().find(|c| c.id == id).map_or_else(|| word(id), |c| word(c.title))
        }
        _ => word(value),
    }
}

impl Browse {
    pub fn new(query: BrowseQuery) -> Self {
        Self { query }
    }

    pub fn q(&self) -> &str {
        given(&self.query.q).unwrap_or_default()
    }

    /// The namespace, if one alone is chosen.
    pub fn namespace(&self) -> Option<&str> {
        match self.query.namespace.0.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    pub fn is_later(&self) -> bool {
        given(&self.query.after).is_some()
    }

    pub fn sort(&self) -> &'static str {
        match given(&self.query.sort) {
            Some("name") => "name",
            Some("downloads") => "downloads",
            Some("newest") => "newest",
            _ if self.q().is_empty() => "newest",
            _ => "relevance",
        }
    }

    /// The orders that can be asked for: id and word. A search can also be sorted by how well it matches.
    pub fn sorts(&self) -> Vec<(&'static str, &'static str)> {
        let all =
            [("relevance", "Best match"), ("newest", "Newest"), ("downloads", "Most used"), ("name", "Name")];
        all.into_iter().filter(|(id, _)| *id != "relevance" || !self.q().is_empty()).collect()
    }

    /// The words to mark in what was found.
    pub fn words(&self) -> Vec<String> {
        self.q().split_whitespace().filter(|w| w.len() > 1).map(str::to_ascii_lowercase).collect()
    }

    /// The same question as the API takes it.
    pub fn asked(&self) -> Result<CatalogQuery> {
        fn each<T: FromStr>(name: &str, texts: &Many<String>) -> Result<Many<T>> {
            let wrong = |_| Error::invalid(name, "nothing in the catalog can have this value");
            Ok(Many(texts.0.iter().map(|text| text.parse().map_err(wrong)).collect::<Result<_>>()?))
        }
        let q = &self.query;
        let text = |field: &Option<String>| given(field).map(str::to_owned);
        Ok(CatalogQuery {
            q: text(&q.q),
            namespace: each("namespace", &q.namespace)?,
            plugin_type: each("type", &q.plugin_type)?,
            abi: q.abi.clone(),
            licence: q.licence.clone(),
            capability: q.capability.clone(),
            without: q.without.clone(),
            loads_in: q.loads_in.clone(),
            label: text(&q.label),
            category: text(&q.category),
            sort: Some(match self.sort() {
                "name" => CatalogSort::Name,
                "downloads" => CatalogSort::Downloads,
                "newest" => CatalogSort::Newest,
                _ => CatalogSort::Relevance,
            }),
            after: text(&q.after),
            limit: Some(ON_A_PAGE),
        })
    }

    /// What narrows the catalog besides the words, in the order of the URL.
    fn choices(&self) -> Vec<(&'static str, &str)> {
        let q = &self.query;
        let lists = [
            ("type", &q.plugin_type),
            ("loads_in", &q.loads_in),
            ("capability", &q.capability),
            ("without", &q.without),
            ("abi", &q.abi),
            ("licence", &q.licence),
            ("namespace", &q.namespace),
        ];
        let several =
            lists.into_iter().flat_map(|(name, list)| list.0.iter().map(move |v| (name, v.as_str())));
        let single = [("label", given(&q.label)), ("category", given(&q.category))];
        several.chain(single.into_iter().filter_map(|(name, v)| Some((name, v?)))).collect()
    }

    /// What stays when something else is chosen; pages start again.
    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let q = given(&self.query.q).map(|q| ("q", q));
        let sort = given(&self.query.sort).map(|sort| ("sort", sort));
        q.into_iter().chain(self.choices()).chain(sort).collect()
    }

    fn link<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
        match url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish() {
            none if none.is_empty() => "/catalog".into(),
            query => format!("/catalog?{query}"),
        }
    }

    /// The same page with this value in place of whatever the parameter said.
    pub fn with(&self, name: &str, value: Option<&str>) -> String {
        let kept = self.pairs().into_iter().filter(|(key, _)| *key != name);
        Self::link(kept.chain(value.map(|value| (name, value))))
    }

    /// The same page with one choice made, or taken back if it was made.
    pub fn toggled(&self, name: &str, value: &str) -> String {
        let mut pairs: Vec<(&str, &str)> = self.pairs();
        let before = pairs.len();
        pairs.retain(|pair| *pair != (name, value));
        if pairs.len() == before {
            pairs.push((name, value));
        }
        Self::link(pairs)
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

    /// The words alone, without anything that was chosen.
    pub fn cleared(&self) -> String {
        Self::link(given(&self.query.q).map(|q| ("q", q)))
    }

    pub fn active(&self) -> Vec<Active> {
        let choice = |(name, value): (&'static str, &str)| Active {
            label: format!("{} {}", title(name), in_words(name, value)),
            link: self.toggled(name, value),
        };
        self.choices().into_iter().map(choice).collect()
    }

    /// The form of the search keeps what is chosen.
    pub fn kept(&self) -> Vec<(&'static str, &str)> {
        self.pairs().into_iter().filter(|(name, _)| *name != "q").collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_choose_take_back_and_keep_the_rest() {
        let several = |values: &[&str]| Many(values.iter().map(|v| (*v).to_owned()).collect());
        let query = BrowseQuery {
            q: Some("jwt & more".into()),
            plugin_type: several(&["http"]),
            without: several(&["http-call", "body-read"]),
            after: Some("x".into()),
            ..BrowseQuery::default()
        };
        let browse = Browse::new(query);
        let start = "/catalog?q=jwt+%26+more&type=http";
        assert_eq!(browse.toggled("without", "http-call"), format!("{start}&without=body-read"));
        let both = "&without=http-call&without=body-read";
        assert_eq!(browse.toggled("type", "network"), format!("{start}{both}&type=network"));
        assert_eq!(browse.sorted("name"), format!("{start}{both}&sort=name"));
        assert_eq!(browse.cleared(), "/catalog?q=jwt+%26+more");
        assert_eq!(browse.active().len(), 3);
    }
}
