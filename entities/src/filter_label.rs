//! Labels and categories of a filter, a row each so that both databases can filter by them.
use sea_orm::entity::prelude::*;

use crate::value::LabelKind;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "filter_labels")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub filter_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: LabelKind,
    #[sea_orm(primary_key, auto_increment = false)]
    pub value: String,
}

impl ActiveModelBehavior for ActiveModel {}
