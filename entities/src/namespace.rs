//! A handle that owns filters; users and teams share this table so that no two share a name.
use sea_orm::entity::prelude::*;

use crate::value::{NamespaceKind, Slug, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "namespaces")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique)]
    pub handle: Slug,
    /// The confusable skeleton of the handle: look-alikes collide here.
    #[sea_orm(unique)]
    pub skeleton: String,
    pub kind: NamespaceKind,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
