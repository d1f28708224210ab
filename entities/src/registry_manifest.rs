//! A manifest of a repository, as it was pushed: never written anew, since its digest is over these
//! very bytes.
use sea_orm::entity::prelude::*;

use crate::value::Timestamp;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "registry_manifests")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique_key = "digest")]
    pub filter_id: Uuid,
    /// `sha256:…` or `sha512:…`.
    #[sea_orm(unique_key = "digest")]
    pub digest: String,
    #[sea_orm(column_type = "Text")]
    pub media_type: String,
    /// As the list of referrers shows it.
    #[sea_orm(column_type = "Text", nullable)]
    pub artifact_type: Option<String>,
    /// The digest that it refers to, which need not be there.
    pub subject: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub annotations: Option<Json>,
    pub size: i64,
    #[sea_orm(column_type = "Blob")]
    pub content: Vec<u8>,
    pub created_by: Uuid,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
