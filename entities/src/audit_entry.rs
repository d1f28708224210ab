//! Who did what to which object, when; sealed in order into a hash chain.
use sea_orm::entity::prelude::*;

use crate::value::Timestamp;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub at: Timestamp,
    #[sea_orm(column_type = "Text")]
    pub actor: String,
    pub action: String,
    #[sea_orm(column_type = "Text")]
    pub object: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub detail: Json,
    /// The place in the chain; none until sealed.
    #[sea_orm(unique)]
    pub seq: Option<i64>,
    pub hash: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
