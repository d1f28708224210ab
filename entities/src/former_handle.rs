//! A handle that a namespace had before: it leads reads to the same one, and nobody else gets it.
use sea_orm::entity::prelude::*;

use crate::value::{Slug, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "former_handles")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub handle: Slug,
    #[sea_orm(unique)]
    pub skeleton: String,
    pub namespace_id: Uuid,
    pub renamed_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
