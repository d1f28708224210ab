//! What the catalog shows of one filter: written when a release is published, so that listing is one read.
use sea_orm::entity::prelude::*;

use crate::value::{PluginType, Sha256, Slug, Strings, Timestamp, Version};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "catalog_entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub filter_id: Uuid,
    pub release_id: Uuid,
    #[sea_orm(indexed)]
    pub namespace_id: Uuid,
    pub namespace: Slug,
    pub name: Slug,
    #[sea_orm(column_type = "Text")]
    pub title: String,
    #[sea_orm(column_type = "Text")]
    pub summary: String,
    pub version: Version,
    pub sha256: Sha256,
    pub plugin_type: Option<PluginType>,
    pub abi_version: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub licence: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub labels: Strings,
    #[sea_orm(column_type = "JsonBinary")]
    pub categories: Strings,
    #[sea_orm(column_type = "JsonBinary")]
    pub capabilities: Strings,
    /// Names a row of `catalog_facets`; null until they are found out.
    pub facets: Option<String>,
    pub downloads: i64,
    #[sea_orm(indexed)]
    pub published_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
