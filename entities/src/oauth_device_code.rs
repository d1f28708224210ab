//! A device that waits for somebody to let it in (RFC 8628).
use sea_orm::entity::prelude::*;

use crate::value::Timestamp;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "oauth_device_codes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique)]
    pub secret_sha256: String,
    /// What the person types.
    #[sea_orm(unique)]
    pub user_code_sha256: String,
    pub client_id: String,
    #[sea_orm(column_type = "Text")]
    pub scopes: String,
    #[sea_orm(column_type = "Text")]
    pub audience: String,
    /// The device may ask no more often than that.
    pub poll_seconds: i64,
    pub polled_at: Option<Timestamp>,
    pub user_id: Option<Uuid>,
    pub approved_at: Option<Timestamp>,
    pub denied_at: Option<Timestamp>,
    pub auth_time: Option<Timestamp>,
    pub grant_id: Uuid,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
