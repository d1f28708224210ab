//! Work to be done after a transaction: written in it, claimed under a lease, retried, buried when hopeless.
use sea_orm::entity::prelude::*;

use crate::value::{JobState, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub kind: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    pub state: JobState,
    pub attempts: i64,
    #[sea_orm(indexed)]
    pub run_at: Timestamp,
    pub leased_by: Option<Uuid>,
    pub lease_until: Option<Timestamp>,
    #[sea_orm(column_type = "Text", nullable)]
    pub last_error: Option<String>,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
