//! How capability URLs look from outside.
use super::{Found, key};
use crate::{
    error::Result,
    filters::view::{handle_of, handles},
    state::State,
};
use serde::{Deserialize, Serialize};
use tamis_entities::value::{Sha256, Slug, Timestamp, Version};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "edge-proxies", "version": "1.2.0"}))]
pub struct CapabilityUrlRequest {
    /// By which it is told apart from others of the filter.
    pub name: Slug,
    /// The release whose bytes it hands out.
    pub version: Version,
    /// A year from now when absent.
    pub expires_at: Option<Timestamp>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewalRequest {
    /// A year from now when absent.
    pub expires_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
pub struct CapabilityUrlView {
    pub id: Uuid,
    pub name: Slug,
    pub version: Version,
    /// Of the bytes that it hands out.
    pub digest: Sha256,
    pub created_by: Slug,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// With the URL itself: whoever knows it gets the bytes.
#[derive(Serialize, ToSchema)]
pub struct CapabilityUrlSecret {
    #[serde(flatten)]
    pub capability_url: CapabilityUrlView,
    pub url: String,
}

pub async fn views(state: &State, found: Vec<Found>) -> Result<Vec<CapabilityUrlView>> {
    let handles = handles(&*state.db, found.iter().map(|(row, _)| row.created_by)).await?;
    let view = |(row, release): Found| CapabilityUrlView {
        id: row.id,
        name: row.name,
        version: release.version,
        digest: release.sha256,
        created_by: handle_of(&handles, row.created_by),
        created_at: row.created_at,
        expires_at: row.expires_at,
    };
    Ok(found.into_iter().map(view).collect())
}

pub async fn secret(state: &State, found: Found) -> Result<Option<CapabilityUrlSecret>> {
    let url = key::url(state, &found.0)?;
    let view = views(state, vec![found]).await?.pop();
    Ok(view.map(|capability_url| CapabilityUrlSecret { capability_url, url }))
}
