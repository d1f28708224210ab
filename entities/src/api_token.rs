//! An opaque token: only the SHA-256 of its secret is kept.
use sea_orm::entity::prelude::*;

use crate::value::{Scopes, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "api_tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(indexed)]
    pub user_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(unique)]
    pub secret_sha256: String,
    pub scopes: Scopes,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// Good for the filters of this namespace alone.
    #[sea_orm(indexed)]
    pub limit_namespace_id: Option<Uuid>,
    /// Good for this filter alone.
    #[sea_orm(indexed)]
    pub limit_filter_id: Option<Uuid>,
    /// Given out by trusted publishing; goes with its publisher.
    #[sea_orm(indexed)]
    pub publisher_id: Option<Uuid>,
}

impl ActiveModelBehavior for ActiveModel {}
