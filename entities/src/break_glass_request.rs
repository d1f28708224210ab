//! A publication without quorum that waits for its second person.
use sea_orm::entity::prelude::*;

use crate::value::{Sha256, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "break_glass_requests")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub review_id: Uuid,
    pub sha256: Sha256,
    pub revision: Sha256,
    pub requested_by: Uuid,
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
