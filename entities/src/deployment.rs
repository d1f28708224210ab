//! What one target is wanted to hold of one filter, and what it is known to hold.
use sea_orm::entity::prelude::*;

use crate::value::{DeploymentState, Reported, Sha256, Slug, Timestamp, Version};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "deployments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique_key = "place")]
    pub target_id: Uuid,
    #[sea_orm(unique_key = "place", indexed)]
    pub filter_id: Uuid,
    /// As it was called when it was asked for: what is deployed outlives names.
    pub namespace: Slug,
    pub filter: Slug,
    /// The rule that keeps it up to date, if one does.
    pub rule_id: Option<Uuid>,
    /// None: it is to be taken back.
    pub release_id: Option<Uuid>,
    pub version: Option<Version>,
    pub sha256: Option<Sha256>,
    /// What this deployment adds to the defaults.
    #[sea_orm(column_type = "JsonBinary")]
    pub config: Json,
    /// What is sent.
    #[sea_orm(column_type = "JsonBinary")]
    pub effective: Json,
    /// Grows with each change of what is wanted.
    pub revision: i64,
    pub state: DeploymentState,
    pub wanted_by: Uuid,
    pub wanted_at: Timestamp,
    /// Of this revision.
    pub attempts: i64,
    pub failing_since: Option<Timestamp>,
    #[sea_orm(column_type = "Text", nullable)]
    pub last_error: Option<String>,
    pub confirmed_revision: Option<i64>,
    pub confirmed_version: Option<Version>,
    pub confirmed_sha256: Option<Sha256>,
    pub confirmed_at: Option<Timestamp>,
    /// What was last sent, whether it arrived or not: taking back needs the same again.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub sent: Option<Json>,
    pub reported: Option<Reported>,
    /// What it holds instead, in words.
    #[sea_orm(column_type = "Text", nullable)]
    pub reported_as: Option<String>,
    pub reported_at: Option<Timestamp>,
    pub drifted_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
