//! An event in somebody's inbox: one row per person and event.
use sea_orm::entity::prelude::*;

use crate::value::Timestamp;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "inbox_items")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    pub read_at: Option<Timestamp>,
    /// When it went out by mail, or was found to be no matter for mail.
    pub mailed_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
