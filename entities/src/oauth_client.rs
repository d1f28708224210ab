//! A program that people let act for them; its id is the `client_id`. Public clients have no secret.
use sea_orm::entity::prelude::*;

use crate::value::{Strings, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "oauth_clients")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    pub secret_sha256: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub redirect_uris: Strings,
    #[sea_orm(column_type = "JsonBinary")]
    pub grant_types: Strings,
    /// Words between spaces: the most that it may ask for.
    #[sea_orm(column_type = "Text")]
    pub scopes: String,
    /// Resource servers beside Tamis that its tokens may be for (RFC 8707).
    #[sea_orm(column_type = "JsonBinary")]
    pub audiences: Strings,
    /// The namespace whose owners manage it.
    #[sea_orm(indexed)]
    pub owner_id: Uuid,
    pub created_by: Uuid,
    /// Its users are not asked for consent; an administrator says so.
    pub trusted: bool,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
