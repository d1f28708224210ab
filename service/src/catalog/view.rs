//! How the catalog looks from outside.
use crate::{filters::view::ShownVisibility, releases::view::ReleaseItem};
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
