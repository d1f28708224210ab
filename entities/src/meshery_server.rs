//! A Meshery Server that people log in from through Tamis; known by its origin.
use sea_orm::entity::prelude::*;

use crate::value::{MesheryServerState, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "meshery_servers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `https://host:port`; its tokens are sent there and nowhere else.
    #[sea_orm(unique)]
    pub origin: String,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    pub state: MesheryServerState,
    /// Its own id, as it says.
    #[sea_orm(column_type = "Text", nullable)]
    pub instance_id: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub version: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub build: Option<String>,
    pub requested_by: Option<Uuid>,
    pub decided_by: Option<Uuid>,
    pub created_at: Timestamp,
    pub last_seen_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
