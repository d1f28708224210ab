//! A blob that a repository has: by the digest that it was pushed under, and where its bytes are.
use sea_orm::entity::prelude::*;

use crate::value::{Sha256, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "registry_blobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub filter_id: Uuid,
    /// `sha256:…` or `sha512:…`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub digest: String,
    /// The bytes, as the module store names them.
    #[sea_orm(indexed)]
    pub sha256: Sha256,
    pub size: i64,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
