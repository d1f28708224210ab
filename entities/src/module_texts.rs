//! The readable texts of a module: a function of its bytes alone, made when first asked for.
use sea_orm::entity::prelude::*;

use crate::value::{Sha256, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "module_texts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sha256: Sha256,
    /// Version of the reading; what an older one found is read again.
    pub reader: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub texts: Json,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
