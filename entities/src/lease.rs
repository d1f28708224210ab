//! A named lease with an epoch: one holder at a time, and a woken old holder is told by its epoch.
use sea_orm::entity::prelude::*;

use crate::value::Timestamp;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "leases")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub holder: Uuid,
    pub until: Timestamp,
    pub epoch: i64,
}

impl ActiveModelBehavior for ActiveModel {}
