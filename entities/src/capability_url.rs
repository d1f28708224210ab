//! A URL by which whoever knows it fetches the module of one release, until it ends or is revoked.
//! The secret in it is made of the id and is not stored.
use sea_orm::entity::prelude::*;

use crate::value::{Slug, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "capability_urls")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique_key = "name")]
    pub filter_id: Uuid,
    #[sea_orm(indexed)]
    pub release_id: Uuid,
    #[sea_orm(unique_key = "name")]
    pub name: Slug,
    #[sea_orm(indexed)]
    pub created_by: Uuid,
    pub created_at: Timestamp,
    #[sea_orm(indexed)]
    pub expires_at: Timestamp,
    /// When its owners were told that it ends soon.
    pub warned_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
