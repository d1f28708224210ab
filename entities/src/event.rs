//! Something that happened and that others are told of: the outbox, written in the transaction
//! of the change. Outlives its objects.
use sea_orm::entity::prelude::*;

use crate::value::Timestamp;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub kind: String,
    pub review_id: Option<Uuid>,
    pub filter_id: Option<Uuid>,
    pub namespace_id: Option<Uuid>,
    /// Who did it: the one person who needs no telling.
    pub actor_id: Option<Uuid>,
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
