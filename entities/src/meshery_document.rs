//! What Meshery keeps here and only Meshery reads: preferences, performance profiles and results, schedules.
use sea_orm::entity::prelude::*;

use crate::value::{MesheryKind, Sha256, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "meshery_documents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub kind: MesheryKind,
    #[sea_orm(indexed)]
    pub owner_id: Uuid,
    /// The profile of a result.
    #[sea_orm(indexed)]
    pub parent_id: Option<Uuid>,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// JSON text, byte for byte as it came.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// The module that a result is about, if it says so.
    #[sea_orm(indexed)]
    pub sha256: Option<Sha256>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
