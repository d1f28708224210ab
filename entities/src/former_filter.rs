//! The name that a filter had in a namespace which it has left; no other filter gets it there.
use sea_orm::entity::prelude::*;

use crate::value::{Slug, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "former_filters")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[sea_orm(unique_key = "name")]
    pub namespace_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: Slug,
    #[sea_orm(unique_key = "name")]
    pub skeleton: String,
    /// None when the filter was deleted since: the name stays taken.
    pub filter_id: Option<Uuid>,
    pub moved_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
