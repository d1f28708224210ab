//! A release: `{filter}@{version}`, bound to one module for ever.
use sea_orm::entity::prelude::*;

use crate::value::{
    Approved, ArtifactKind, Lineage, Metadata, PluginType, ReleaseState, Sha256, Timestamp, Verdict, Version,
};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "releases")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique_key = "version")]
    pub filter_id: Uuid,
    #[sea_orm(unique_key = "version")]
    pub version: Version,
    pub artifact_kind: ArtifactKind,
    pub state: ReleaseState,
    #[sea_orm(indexed)]
    pub sha256: Sha256,
    pub size: i64,
    pub verdict: Verdict,
    pub abi_version: Option<String>,
    /// As in `metadata`, in a column so that lists can ask for it.
    pub plugin_type: Option<PluginType>,
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// What the catalog shows: the metadata that was approved.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub approved: Option<Approved>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub lineage: Option<Lineage>,
    #[sea_orm(column_type = "Text", nullable)]
    pub state_reason: Option<String>,
    /// The state before quarantine, to which an approved `unquarantine` returns.
    pub prior_state: Option<ReleaseState>,
    pub published_at: Option<Timestamp>,
    /// What is in force was published without quorum.
    pub break_glass: bool,
    pub created_by: Uuid,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
