//! A person, a robot or a system account; shares its id with its namespace.
use sea_orm::entity::prelude::*;

use crate::value::{Role, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique)]
    pub meshery_id: Uuid,
    pub role: Role,
    #[sea_orm(column_type = "Text", nullable)]
    pub email: Option<String>,
    pub disabled_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// The provider whose groups gave the role; none: an operator did.
    pub role_source: Option<String>,
    /// What the role was before a provider raised it.
    pub role_before: Option<Role>,
    /// The team that this robot works for; people have none.
    #[sea_orm(indexed)]
    pub robot_of: Option<Uuid>,
}

impl ActiveModelBehavior for ActiveModel {}
