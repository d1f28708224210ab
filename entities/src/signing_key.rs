//! A key that signs tokens. The newest without an end signs; the others are published until
//! what they signed is over.
use sea_orm::entity::prelude::*;
use std::fmt;

use crate::value::Timestamp;

/// PKCS #8 in base64; never shown.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub struct PrivateKey(pub String);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_keys")]
pub struct Model {
    /// The thumbprint of the public key (RFC 7638).
    #[sea_orm(primary_key, auto_increment = false)]
    pub kid: String,
    pub alg: String,
    #[sea_orm(column_type = "Text")]
    pub private_key: PrivateKey,
    #[sea_orm(column_type = "JsonBinary")]
    pub public_jwk: Json,
    pub created_at: Timestamp,
    /// Published until then; null for the key that signs.
    pub not_after: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
