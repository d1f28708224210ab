//! How often a release was downloaded, cloned or pulled on one day. Says nothing of who.
use sea_orm::entity::prelude::*;

use crate::value::{CountKind, Day};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "release_counts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub release_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: Day,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: CountKind,
    pub count: i64,
}

impl ActiveModelBehavior for ActiveModel {}
