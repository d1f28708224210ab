//! Where a namespace wants to be told of what happens in it.
use sea_orm::{DeriveValueType, entity::prelude::*};
use std::fmt;

use crate::value::{Strings, Timestamp};

/// `whsec_` and the key in base64: as it was shown to its owner, once. Kept, since each message is
/// signed with it.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub struct HookSecret(pub String);

impl fmt::Debug for HookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookSecret(..)")
    }
}

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhooks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(indexed)]
    pub namespace_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub url: String,
    /// What it is told of; none: everything.
    #[sea_orm(column_type = "JsonBinary")]
    pub kinds: Strings,
    pub enabled: bool,
    #[sea_orm(column_type = "Text")]
    pub secret: HookSecret,
    /// Signs too until `former_until`, so that a receiver can change over.
    #[sea_orm(column_type = "Text", nullable)]
    pub former_secret: Option<HookSecret>,
    pub former_until: Option<Timestamp>,
    pub created_by: Uuid,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
