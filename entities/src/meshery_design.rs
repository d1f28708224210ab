//! A Meshery design: a document that Tamis keeps, lists and hands out, and does not read.
use sea_orm::entity::prelude::*;

use crate::value::{MesheryRequest, MesheryVisibility, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "meshery_designs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(indexed)]
    pub owner_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub content: String,
    pub visibility: MesheryVisibility,
    #[sea_orm(column_type = "Text", nullable)]
    pub location: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub catalog_data: Option<String>,
    /// Whether it was asked for to be in the catalog, and what came of it.
    pub request: Option<MesheryRequest>,
    pub requested_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
