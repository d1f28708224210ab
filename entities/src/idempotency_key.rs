//! What a request with an `Idempotency-Key` was answered, so that repeating it does nothing twice.
use sea_orm::entity::prelude::*;

use crate::value::Timestamp;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Hash of method, path and body: one key, one request.
    pub fingerprint: String,
    /// None while the request is being served.
    pub status: Option<i64>,
    #[sea_orm(column_type = "Text", nullable)]
    pub body: Option<String>,
    /// What the caller was when this was answered, as JSON; who is less today does not get it again.
    #[sea_orm(column_type = "Text", nullable)]
    pub standing: Option<String>,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
