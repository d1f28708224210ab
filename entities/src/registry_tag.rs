//! A name for a manifest of a repository.
use sea_orm::entity::prelude::*;

use crate::value::Timestamp;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "registry_tags")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub filter_id: Uuid,
    /// A tag of the repository's name below `wasm/`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub wasm: bool,
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    #[sea_orm(indexed)]
    pub manifest_id: Uuid,
    pub updated_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
