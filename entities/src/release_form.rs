//! A manifest by which a release can be pulled.
use sea_orm::entity::prelude::*;

use crate::value::FormKind;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "release_forms")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub release_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    #[sea_orm(indexed)]
    pub manifest_id: Uuid,
    pub kind: FormKind,
}

impl ActiveModelBehavior for ActiveModel {}
