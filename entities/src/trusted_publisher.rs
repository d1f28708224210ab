//! Whose identity tokens may stage releases of a filter: an issuer, an audience, and what the claims must say.
use sea_orm::entity::prelude::*;

use crate::value::{Claims, Provider, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "trusted_publishers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(indexed)]
    pub filter_id: Uuid,
    pub provider: Provider,
    #[sea_orm(column_type = "Text", indexed)]
    pub issuer: String,
    #[sea_orm(column_type = "Text")]
    pub audience: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub claims: Claims,
    /// Whoever set it up: its tokens act in their name, and end with their right to write.
    #[sea_orm(indexed)]
    pub created_by: Uuid,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
