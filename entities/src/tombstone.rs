//! What was deleted: a version never gets other bytes, even after its release is gone.
use sea_orm::entity::prelude::*;

use crate::value::{Sha256, Slug, Timestamp, Version};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tombstones")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique_key = "version")]
    pub namespace_id: Uuid,
    #[sea_orm(unique_key = "version")]
    pub name: Slug,
    #[sea_orm(unique_key = "version")]
    pub version: Version,
    pub sha256: Sha256,
    pub deleted_by: Uuid,
    pub deleted_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
