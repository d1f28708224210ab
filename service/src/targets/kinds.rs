//! What a kind of target has to know. A new one is a file beside these, a word in `TargetKind`, and a line here.
mod meshery;
pub mod minted;
mod webhook;

use super::line::{Failure, Line};
use crate::error::Result;
use async_trait::async_trait;
use serde_json::Value;
use tamis_entities::{
    target,
    value::{Reported, Sha256, Slug, TargetKind, Timestamp, Version},
};
use uuid::Uuid;

/// One release with its configuration, as a target is to hold it.
#[derive(Clone, Debug)]
pub struct Item {
    pub deployment: Uuid,
    /// The same for the same wanted state, however often it is sent.
    pub key: String,
    pub revision: i64,
    pub wanted_at: Timestamp,
    pub namespace: Slug,
    pub filter: Slug,
    pub version: Version,
    pub sha256: Sha256,
    pub size: i64,
    /// Where the target can fetch the module without credentials.
    pub url: String,
    /// Everybody can: the URL is no secret.
    pub public: bool,
    pub network: bool,
    pub config: Value,
}

/// What is to be taken back, with what was sent last.
#[derive(Clone, Debug)]
pub struct Removal {
    pub deployment: Uuid,
    pub key: String,
    pub revision: i64,
    pub wanted_at: Timestamp,
    pub namespace: Slug,
    pub filter: Slug,
    pub sent: Value,
}

/// What a target should hold, to be compared with what it lists.
#[derive(Clone, Debug)]
pub struct Expected {
    pub deployment: Uuid,
    pub sent: Value,
    pub sha256: Sha256,
    pub size: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub reported: Reported,
    pub words: Option<String>,
}

/// What a probe met.
#[derive(Clone, Debug, Default)]
pub struct Met {
    pub version: Option<String>,
    pub clock_skew: Option<i64>,
    /// None: it cannot be told.
    pub signed_in: Option<bool>,
    pub words: Vec<String>,
}

#[async_trait]
pub trait Kind: Sync {
    /// Whether a target can be one of this kind, as it is about to be stored.
    fn check(&self, target: &target::Model, secret: Option<&str>) -> Result<()>;

    /// What the owner is given to put at the other end, if this kind has such a thing.
    fn fresh_secret(&self) -> Result<Option<String>> {
        Ok(None)
    }

    async fn probe(&self, line: &mut Line<'_>) -> Result<Met, Failure>;

    /// What taking back will need; kept before anything is sent.
    fn sent(&self, item: &Item) -> Value;

    async fn deploy(&self, line: &mut Line<'_>, item: &Item) -> Result<(), Failure>;

    async fn remove(&self, line: &mut Line<'_>, removal: &Removal) -> Result<(), Failure>;

    /// None when this kind tells nothing of what it holds.
    async fn read_back(&self, line: &mut Line<'_>, expected: &Expected) -> Result<Option<Found>, Failure>;
}

pub fn of(kind: TargetKind) -> &'static dyn Kind {
    match kind {
        TargetKind::Meshery => &meshery::Meshery,
        TargetKind::Webhook => &webhook::Webhook,
    }
}
