//! A group of people that owns filters; shares its id with its namespace.
use sea_orm::entity::prelude::*;

use crate::value::Timestamp;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "teams")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique)]
    pub meshery_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub title: String,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
