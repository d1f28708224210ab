//! How a release looks from outside.
use crate::{
    counts,
    error::Result,
    filters::view::{ShownVisibility, handle_of, handles, visibility},
    registry,
    state::State,
};
use sea_orm::DerivePartialModel;
use serde::Serialize;
use tamis_entities::{
    filter, namespace, release,
    value::{
        Lineage, Metadata, PluginType, ReleaseState, Sha256, Slug, Timestamp, Verdict, Version, revision,
    },
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Serialize, ToSchema)]
pub struct ReleaseView {
    pub namespace: Slug,
    pub filter: Slug,
    pub version: Version,
    pub state: ReleaseState,
    /// Why it is yanked or quarantined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<String>,
    pub digest: Sha256,
    /// Bytes of the module.
    pub size: i64,
    #[serde(rename = "type")]
    pub plugin_type: Option<PluginType>,
    pub abi_version: Option<String>,
    pub verdict: Verdict,
    /// Hash of everything besides the bytes that a review approves.
    pub revision: Sha256,
    pub visibility: ShownVisibility,
    pub metadata: Metadata,
    pub created_at: Timestamp,
    pub created_by: Slug,
    pub published_at: Option<Timestamp>,
    /// What is in force was published without quorum, by an administrator and a second person.
    pub break_glass: bool,
    /// Downloads and pulls since it was published; some seconds late, and no part of the `ETag`.
    pub downloads: i64,
    pub lineage: Option<Lineage>,
    pub links: ReleaseLinks,
    pub forms: Vec<ReleaseForm>,
}

#[derive(Serialize, ToSchema)]
pub struct ReleaseLinks {
    /// The bytes, by name.
    pub module: String,
    /// The bytes, by digest: what a proxy is given.
    pub raw: String,
    pub report: String,
    /// What it can be configured as.
    pub config: String,
}

/// One of the forms that the bytes can be had in, with the digest that names it there.
#[derive(Serialize, ToSchema)]
pub struct ReleaseForm {
    /// `raw`: the module itself, for Envoy and whoever fetches by http. `oci-compat`: the image that Istio,
    /// Envoy Gateway and image tools pull. `oci-wasm`: the artifact of wasm tools. `oci-solo`: the two layers of
    /// Solo's specification, where somebody asked for them. `oci-pushed`: what was pushed, if it is none of these.
    pub kind: String,
    /// Of the module for `raw`, of the manifest for the others.
    #[schema(pattern = "^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$")]
    pub digest: String,
}

async fn forms(state: &State, release: &release::Model) -> Result<Vec<ReleaseForm>> {
    let manifests = registry::forms::of(state, release.id).await?.into_iter();
    let raw = ReleaseForm { kind: "raw".to_owned(), digest: release.sha256.digest() };
    let made = manifests.map(|(kind, digest)| ReleaseForm { kind: kind.to_string(), digest });
    Ok(made.chain([raw]).collect())
}

/// One line of a list: read without what people wrote of it, which may be megabytes.
#[derive(Clone, DerivePartialModel, Serialize, ToSchema)]
#[sea_orm(entity = "release::Entity")]
pub struct ReleaseItem {
    #[serde(skip)]
    pub id: Uuid,
    pub version: Version,
    pub state: ReleaseState,
    #[sea_orm(from_col = "sha256")]
    pub digest: Sha256,
    pub size: i64,
    pub abi_version: Option<String>,
    pub verdict: Verdict,
    pub created_at: Timestamp,
    pub published_at: Option<Timestamp>,
}

impl From<release::Model> for ReleaseItem {
    fn from(r: release::Model) -> Self {
        Self {
            id: r.id,
            version: r.version,
            state: r.state,
            digest: r.sha256,
            size: r.size,
            abi_version: r.abi_version,
            verdict: r.verdict,
            created_at: r.created_at,
            published_at: r.published_at,
        }
    }
}

/// The revision of what this caller is shown.
pub fn revision_of(filter: &filter::Model, release: &release::Model, insider: bool) -> Sha256 {
    match (&release.approved, insider) {
        (Some(approved), false) => approved.revision.clone(),
        _ => revision(&release.metadata, &filter.summary, filter.icon.as_deref()),
    }
}

/// The `ETag` of a release's description.
pub fn etag(filter: &filter::Model, release: &release::Model, insider: bool) -> String {
    format!("\"{}-{}\"", release.state, &revision_of(filter, release, insider).hex()[..32])
}

pub async fn release_view(
    state: &State,
    namespace: &namespace::Model,
    filter: &filter::Model,
    r: &release::Model,
    insider: bool,
) -> Result<ReleaseView> {
    let handles = handles(&*state.db, [r.created_by]).await?;
    let metadata = super::shown_metadata(r, insider).clone();
    let base = format!(
        "{}/api/v1/filters/{}/{}/releases/{}",
        state.public_url, namespace.handle, filter.name, r.version
    );
    Ok(ReleaseView {
        namespace: namespace.handle.clone(),
        filter: filter.name.clone(),
        version: r.version.clone(),
        state: r.state,
        state_reason: r.state_reason.clone(),
        digest: r.sha256.clone(),
        size: r.size,
        plugin_type: metadata.plugin_type,
        abi_version: r.abi_version.clone(),
        verdict: r.verdict,
        revision: revision_of(filter, r, insider),
        visibility: visibility(filter),
        metadata,
        created_at: r.created_at,
        created_by: handle_of(&handles, r.created_by),
        published_at: r.published_at,
        break_glass: r.break_glass,
        downloads: counts::downloads(state, r.id).await?,
        lineage: r.lineage.clone(),
        links: ReleaseLinks {
            module: format!("{base}/module"),
            raw: format!("{}/modules/sha256/{}.wasm", state.public_url, r.sha256.hex()),
            report: format!("{base}/report"),
            config: format!("{base}/config"),
        },
        forms: forms(state, r).await?,
    })
}
