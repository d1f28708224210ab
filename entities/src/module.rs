//! The wasm bytes of one digest: stored once however many releases use them.
use sea_orm::entity::prelude::*;

use crate::value::{ModuleState, Sha256, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "modules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sha256: Sha256,
    pub size: i64,
    /// Names the stored object together with the digest: a digest uploaded again while its
    /// object is being collected gets the next generation, so a late delete hits nothing alive.
    pub generation: i64,
    pub state: ModuleState,
    pub condemned_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// Last named by an upload or a clone: the collector's age starts here.
    pub used_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
