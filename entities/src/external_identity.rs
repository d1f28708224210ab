//! Somebody whom another issuer vouches for, and whose account that is here.
use sea_orm::entity::prelude::*;

use crate::value::Timestamp;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "external_identities")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(indexed)]
    pub user_id: Uuid,
    /// As the configuration names it: `oidc:acme`, `github`.
    pub provider: String,
    #[sea_orm(unique_key = "subject")]
    pub issuer: String,
    /// Never changes, unlike name and address.
    #[sea_orm(unique_key = "subject")]
    pub subject: String,
    /// What the issuer calls them, for people to recognise.
    #[sea_orm(column_type = "Text")]
    pub label: String,
    /// Verified by the issuer.
    #[sea_orm(column_type = "Text", nullable)]
    pub email: Option<String>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
