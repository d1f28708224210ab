//! One try to bring a target to what is wanted, with the heads of what went over the wire.
use sea_orm::entity::prelude::*;

use crate::value::{AttemptOutcome, DeploymentAct, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "deployment_attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub deployment_id: Uuid,
    pub target_id: Uuid,
    pub revision: i64,
    pub act: DeploymentAct,
    pub outcome: AttemptOutcome,
    /// Of the last answer, if there was one.
    pub status: Option<i64>,
    #[sea_orm(column_type = "Text", nullable)]
    pub error: Option<String>,
    /// Each request and its answer, credentials left out.
    #[sea_orm(column_type = "JsonBinary")]
    pub exchanges: Json,
    pub micros: i64,
    #[sea_orm(indexed)]
    pub at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
