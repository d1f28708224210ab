//! What Meshery says of a filter and Tamis has no word for. Goes with the filter.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "meshery_filters")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub filter_id: Uuid,
    /// JSON text, as it came.
    #[sea_orm(column_type = "Text", nullable)]
    pub location: Option<String>,
    /// JSON text, as it came, with keys that only the sender knows.
    #[sea_orm(column_type = "Text", nullable)]
    pub catalog_data: Option<String>,
    /// The component with its configuration.
    #[sea_orm(column_type = "Text", nullable)]
    pub resource: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
