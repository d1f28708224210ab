//! Identity tokens that have been exchanged: each works once.
use sea_orm::entity::prelude::*;

use crate::value::Timestamp;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "used_jtis")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub issuer: String,
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub jti: String,
    /// When the identity token itself is too old to be sent again.
    #[sea_orm(indexed)]
    pub expires_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
