//! A browser session; the cookie holds the secret, this row only its SHA-256.
use sea_orm::entity::prelude::*;

use crate::value::Timestamp;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(indexed)]
    pub user_id: Uuid,
    #[sea_orm(unique)]
    pub secret_sha256: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    /// When this person last proved who they are; an issuer may know of an earlier moment.
    pub signed_in_at: Option<Timestamp>,
    /// `link`, `password`, or the provider.
    pub method: Option<String>,
    /// To the minute.
    pub last_seen_at: Option<Timestamp>,
    #[sea_orm(column_type = "Text", nullable)]
    pub user_agent: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
