//! Read or write on one filter, given to a user or a team, possibly for a time.
use sea_orm::entity::prelude::*;

use crate::value::{GrantLevel, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "grants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique_key = "subject")]
    pub filter_id: Uuid,
    /// The namespace id of the user or team.
    #[sea_orm(unique_key = "subject")]
    pub subject_id: Uuid,
    pub level: GrantLevel,
    pub expires_at: Option<Timestamp>,
    pub created_by: Uuid,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
