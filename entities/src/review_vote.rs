//! One curator’s decision on one review; a later one of the same curator replaces it.
use sea_orm::entity::prelude::*;

use crate::value::{Decision, Sha256, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "review_votes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique_key = "voter")]
    pub review_id: Uuid,
    #[sea_orm(unique_key = "voter")]
    pub user_id: Uuid,
    pub decision: Decision,
    pub sha256: Sha256,
    pub revision: Sha256,
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    pub created_at: Timestamp,
    /// The round of the review that the vote is about.
    pub round: i64,
}

impl ActiveModelBehavior for ActiveModel {}
