//! A Meshery-like server, or a receiver of signed messages, that releases are deployed to.
use sea_orm::{DeriveValueType, entity::prelude::*};
use std::fmt;

use crate::value::{Slug, TargetKind, TargetSignIn, Timestamp};

/// A credential as it is kept: sealed, for one target and one origin.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub struct Sealed(pub String);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(..)")
    }
}

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "targets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique_key = "name")]
    pub namespace_id: Uuid,
    #[sea_orm(unique_key = "name")]
    pub name: Slug,
    pub kind: TargetKind,
    #[sea_orm(column_type = "Text")]
    pub url: String,
    /// The name by which a Meshery Server knows its provider.
    pub provider: Option<String>,
    pub sign_in: TargetSignIn,
    #[sea_orm(column_type = "Text", nullable)]
    pub secret: Option<Sealed>,
    /// Signs too until `former_until`, so that a receiver can change over.
    #[sea_orm(column_type = "Text", nullable)]
    pub former_secret: Option<Sealed>,
    pub former_until: Option<Timestamp>,
    /// Configuration that this target adds, by filter.
    #[sea_orm(column_type = "JsonBinary")]
    pub defaults: Json,
    pub paused: bool,
    /// Grows with each worker that takes the target, so that one woken late can be told apart.
    pub epoch: i64,
    pub lease_until: Option<Timestamp>,
    /// When there is something to do next.
    #[sea_orm(indexed)]
    pub due_at: Option<Timestamp>,
    /// In a row.
    pub failures: i64,
    pub failing_since: Option<Timestamp>,
    /// Nothing is sent before.
    pub retry_at: Option<Timestamp>,
    #[sea_orm(column_type = "Text", nullable)]
    pub last_error: Option<String>,
    pub last_contact_at: Option<Timestamp>,
    /// As it calls itself.
    #[sea_orm(column_type = "Text", nullable)]
    pub version: Option<String>,
    /// Seconds by which its clock is ahead.
    pub clock_skew: Option<i64>,
    /// When it was last compared as a whole with what is wanted.
    pub read_at: Option<Timestamp>,
    /// When a comparison was last begun.
    pub round_at: Option<Timestamp>,
    /// Or last said where it is and how to sign in there: a token that is made for it speaks for them.
    pub created_by: Uuid,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
