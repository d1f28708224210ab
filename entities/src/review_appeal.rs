//! An appeal against one rejection, and what became of it.
use sea_orm::entity::prelude::*;

use crate::value::{AppealDecision, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "review_appeals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    #[sea_orm(indexed)]
    pub review_id: Uuid,
    pub submitted_by: Uuid,
    #[sea_orm(column_type = "Text")]
    pub note: String,
    pub created_at: Timestamp,
    pub decided_by: Option<Uuid>,
    pub decision: Option<AppealDecision>,
    #[sea_orm(column_type = "Text", nullable)]
    pub answer: Option<String>,
    pub decided_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
