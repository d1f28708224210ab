//! A request for one action on one release, bound to digest and revision.
use sea_orm::entity::prelude::*;

use crate::value::{Metadata, ReviewAction, ReviewState, Sha256, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "reviews")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(indexed)]
    pub filter_id: Uuid,
    #[sea_orm(indexed)]
    pub release_id: Uuid,
    pub action: ReviewAction,
    #[sea_orm(indexed)]
    pub state: ReviewState,
    pub sha256: Sha256,
    pub revision: Sha256,
    /// The metadata that an `update` would put in place of the approved one.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub proposed: Option<Metadata>,
    pub submitted_by: Uuid,
    #[sea_orm(column_type = "Text")]
    pub note: String,
    pub quorum: i64,
    pub assignee: Option<Uuid>,
    pub due_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub decided_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
