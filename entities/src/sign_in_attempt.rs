//! A sign-in that is at another issuer right now: bound to the browser that began it, used
//! once, gone in minutes. Whoever reads this row cannot finish it.
use sea_orm::entity::prelude::*;

use crate::value::Timestamp;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_in_attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique)]
    pub state_sha256: String,
    /// Of the cookie of the browser that began.
    pub browser_sha256: String,
    pub provider: String,
    #[sea_orm(column_type = "Text")]
    pub next_path: String,
    /// The session whose account gets the identity; none: a sign-in.
    pub link_session_id: Option<Uuid>,
    pub created_at: Timestamp,
    #[sea_orm(indexed)]
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
