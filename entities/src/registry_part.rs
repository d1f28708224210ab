//! Bytes of a blob on its way: an object of the store like any other, held by this row.
use sea_orm::entity::prelude::*;

use crate::value::Sha256;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "registry_parts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub upload_id: Uuid,
    /// The place of its first byte in the blob.
    #[sea_orm(primary_key, auto_increment = false)]
    pub start: i64,
    pub size: i64,
    #[sea_orm(indexed)]
    pub sha256: Sha256,
    /// In hexadecimal digits: of use when the part is the whole blob.
    pub sha512: String,
}

impl ActiveModelBehavior for ActiveModel {}
