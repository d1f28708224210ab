//! A filter: `{namespace}/{name}`, the thing that has releases.
use sea_orm::entity::prelude::*;

use crate::value::{Metadata, Slug, Timestamp, Visibility};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "filters")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique)]
    pub meshery_id: Uuid,
    #[sea_orm(unique_key = "name")]
    pub namespace_id: Uuid,
    pub name: Slug,
    #[sea_orm(unique_key = "name")]
    pub skeleton: String,
    #[sea_orm(column_type = "Text")]
    pub title: String,
    #[sea_orm(column_type = "Text")]
    pub summary: String,
    pub visibility: Visibility,
    #[sea_orm(column_type = "Text", nullable)]
    pub source_repository: Option<String>,
    /// A `data:` URI of a small picture.
    #[sea_orm(column_type = "Text", nullable)]
    pub icon: Option<String>,
    /// What a new release starts from.
    #[sea_orm(column_type = "JsonBinary")]
    pub defaults: Metadata,
    /// Releases that are published or yanked; above zero the filter is visible to everyone.
    pub published_releases: i64,
    /// How often everyone's releases of it were downloaded or pulled; the sum of `release_counts`.
    pub downloads: i64,
    /// Counts changes of this row: the `ETag` of the filter.
    pub row_version: i64,
    pub created_by: Uuid,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
