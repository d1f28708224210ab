//! An offer of a filter to another namespace, open until it is answered, withdrawn or too old.
use sea_orm::entity::prelude::*;

use crate::value::Timestamp;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "filter_transfers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(indexed)]
    pub filter_id: Uuid,
    /// The namespace that had the filter when it was offered.
    #[sea_orm(indexed)]
    pub giver_id: Uuid,
    #[sea_orm(indexed)]
    pub receiver_id: Uuid,
    pub created_by: Uuid,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// Accepted, declined or withdrawn; the audit log says which.
    pub ended_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
