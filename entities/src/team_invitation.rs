//! An offer of a place in a team, open until it is answered, withdrawn or too old.
use sea_orm::entity::prelude::*;

use crate::value::{MemberRole, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "team_invitations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(indexed)]
    pub team_id: Uuid,
    #[sea_orm(indexed)]
    pub user_id: Uuid,
    pub role: MemberRole,
    pub created_by: Uuid,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// Accepted, declined or withdrawn; the audit log says which.
    pub ended_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
