//! A blob on its way into a repository; it belongs to who began it.
use sea_orm::entity::prelude::*;

use crate::value::Timestamp;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "registry_uploads")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub filter_id: Uuid,
    pub user_id: Uuid,
    /// Bytes that are stored.
    pub received: i64,
    pub created_at: Timestamp,
    pub used_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
