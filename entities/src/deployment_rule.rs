//! What a target follows by itself: each filter that the selector picks, at its newest release that fits.
use sea_orm::entity::prelude::*;

use crate::value::{Slug, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "deployment_rules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique_key = "name")]
    pub target_id: Uuid,
    #[sea_orm(unique_key = "name")]
    pub name: Slug,
    #[sea_orm(column_type = "JsonBinary")]
    pub selector: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub config: Json,
    pub enabled: bool,
    /// Why it could not be followed the last time.
    #[sea_orm(column_type = "Text", nullable)]
    pub last_error: Option<String>,
    pub created_by: Uuid,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
