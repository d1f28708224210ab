//! What a manifest names: a blob of its repository, or another manifest.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "registry_links")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub manifest_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    #[sea_orm(indexed)]
    pub digest: String,
}

impl ActiveModelBehavior for ActiveModel {}
