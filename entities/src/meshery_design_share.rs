//! Somebody, or a team, to whom a Meshery design is open whatever its visibility.
use sea_orm::entity::prelude::*;

use crate::value::Timestamp;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "meshery_design_shares")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub design_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    #[sea_orm(indexed)]
    pub subject_id: Uuid,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
