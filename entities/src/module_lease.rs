//! Somebody is uploading or using this digest right now: the collector keeps away until `until`.
use sea_orm::entity::prelude::*;

use crate::value::{Sha256, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "module_leases")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(indexed)]
    pub sha256: Sha256,
    pub until: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
