//! Who belongs to a team, and in which role.
use sea_orm::entity::prelude::*;

use crate::value::{MemberRole, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "team_members")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub team_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    pub role: MemberRole,
    pub created_at: Timestamp,
    /// The provider whose groups gave this membership; none: a person did.
    pub source: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
