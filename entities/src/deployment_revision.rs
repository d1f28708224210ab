//! One wanted state of a deployment, kept so that it can be gone back to.
use sea_orm::entity::prelude::*;

use crate::value::{Sha256, Timestamp, Version};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "deployment_revisions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub deployment_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i64,
    /// None: it was to be taken back.
    pub release_id: Option<Uuid>,
    pub version: Option<Version>,
    pub sha256: Option<Sha256>,
    #[sea_orm(column_type = "JsonBinary")]
    pub config: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub effective: Json,
    pub wanted_by: Uuid,
    pub wanted_at: Timestamp,
    pub confirmed_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
