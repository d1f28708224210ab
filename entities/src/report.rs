//! What verification found: a function of the bytes and of the plugin type they are declared as.
use sea_orm::entity::prelude::*;

use crate::value::{Sha256, Timestamp, Verdict};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "reports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sha256: Sha256,
    /// The declared type, or the empty text.
    #[sea_orm(primary_key, auto_increment = false)]
    pub declared: String,
    pub verdict: Verdict,
    pub verifier: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub report: Json,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
