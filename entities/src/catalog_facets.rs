//! What filters of the catalog have in common: a row for each combination that occurs. Many filters share
//! few combinations, so counting and narrowing look at these few. Never changed once written.
use sea_orm::entity::prelude::*;

use crate::value::Facets;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "catalog_facets")]
pub struct Model {
    /// Made from the contents.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub facets: Facets,
}

impl ActiveModelBehavior for ActiveModel {}
