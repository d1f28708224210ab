//! How the catalog looks from outside.
use crate::{filters::view::ShownVisibility, http::page::Page, releases::view::ReleaseItem};
use serde::Serialize;
use tamis_entities::{
    catalog_entry,
    value::{Metadata, PluginType, Sha256, Slug, Timestamp, Version},
};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct CatalogItem {
    pub namespace: Slug,
    pub name: Slug,
    pub title: String,
    pub summary: String,
    /// The newest published version.
    pub version: Version,
    pub digest: Sha256,
    #[serde(rename = "type")]
    pub plugin_type: Option<PluginType>,
    pub abi_version: Option<String>,
    pub licence: Option<String>,
    pub labels: Vec<String>,
    pub categories: Vec<String>,
    /// What the module's imports let it do.
    pub capabilities: Vec<String>,
    /// Downloads and pulls of its releases; some seconds late.
    pub downloads: i64,
    pub published_at: Timestamp,
}

impl From<catalog_entry::Model> for CatalogItem {
    fn from(e: catalog_entry::Model) -> Self {
        Self {
            namespace: e.namespace,
            name: e.name,
            title: e.title,
            summary: e.summary,
            version: e.version,
            digest: e.sha256,
            plugin_type: e.plugin_type,
            abi_version: e.abi_version,
            licence: e.licence,
            labels: e.labels.0,
            categories: e.categories.0,
            capabilities: e.capabilities.0,
            downloads: e.downloads,
            published_at: e.published_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct CatalogPage {
    pub items: Vec<CatalogItem>,
    /// Hand it back as `after` for the next page; null on the last.
    pub next: Option<String>,
    /// No filter has all of the words of `q`: these have some of them, by `relevance` those with most first.
    pub some_words: bool,
}

impl CatalogPage {
    pub fn of(page: Page<CatalogItem>, some_words: bool) -> Self {
        Self { items: page.items, next: page.next, some_words }
    }
}

/// Everything that the catalog says of one filter.
#[derive(Serialize, ToSchema)]
pub struct CatalogDetail {
    #[serde(flatten)]
    pub item: CatalogItem,
    pub visibility: ShownVisibility,
    pub source_repository: Option<String>,
    /// As approved, of the newest published release.
    pub metadata: Metadata,
    /// The published releases, newest version first; at most 100.
    pub releases: Vec<ReleaseItem>,
}

/// What can be chosen, and what one would find then.
#[derive(Serialize, ToSchema)]
pub struct CatalogFacets {
    /// Filters that fit the query as it is.
    pub total: u64,
    /// Filters in the catalog.
    pub all: u64,
    /// Not everything was counted: of a search only its first 1,000 hits.
    pub capped: bool,
    pub facets: Vec<CatalogFacet>,
}

#[derive(Serialize, ToSchema)]
pub struct CatalogFacet {
    /// The parameter of the query that chooses its values.
    pub name: &'static str,
    /// The values that occur, and those that were chosen.
    pub values: Vec<FacetValue>,
    /// There are more values than are listed.
    pub more: bool,
}

#[derive(Serialize, ToSchema)]
pub struct FacetValue {
    pub value: String,
    /// For people, where it is not the value itself.
    pub title: Option<String>,
    /// Filters that one would find by choosing it; if it is chosen, those that are found with it.
    pub count: u64,
    pub selected: bool,
}

impl CatalogFacet {
    /// The first values, and the chosen ones wherever they stand.
    pub fn new(name: &'static str, mut values: Vec<FacetValue>, most: usize) -> Self {
        let more = values.len() > most;
        let mut place = 0;
        values.retain(|value| {
            place += 1;
            place <= most || value.selected
        });
        Self { name, values, more }
    }
}
