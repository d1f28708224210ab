//! The result of one check on one review; an error is never a pass.
use sea_orm::entity::prelude::*;

use crate::value::{CheckResult, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "review_checks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub review_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub check_id: String,
    pub required: bool,
    pub result: CheckResult,
    #[sea_orm(column_type = "JsonBinary")]
    pub findings: Json,
    pub ran_at: Timestamp,
    pub duration_ms: i64,
    /// Of the rules of this check.
    pub version: String,
}

impl ActiveModelBehavior for ActiveModel {}
