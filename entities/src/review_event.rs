//! One act on a review: who, from which state to which, why, and on what evidence.
use sea_orm::entity::prelude::*;

use crate::value::{ReviewAct, ReviewState, Sha256, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "review_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(indexed)]
    pub review_id: Uuid,
    pub act: ReviewAct,
    pub from_state: Option<ReviewState>,
    pub to_state: ReviewState,
    pub actor: String,
    pub actor_id: Option<Uuid>,
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    pub evidence: Option<Sha256>,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
