//! The two layers of Solo's specification: for readers that know no other form, so made only of a release for
//! which somebody asks it. Pulled by its digest; the tag of the version stays with what Istio and its kin read.
use super::{Writer, documents, documents::descriptor, small};
use crate::{
    audit::{self, Actor},
    auth::{
        FilterAccess,
        access::{self, Relation},
        again::again,
    },
    db,
    error::{Error, Result},
    modules::{
        objects::{self, Named, Stored},
        store,
    },
    registry::{blobs, name::Digest},
    state::State,
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use serde_json::json;
use tamis_entities::{filter, release, release_form, value::FormKind};

/// Makes the form, unless it is there; whether it was made.
pub async fn make(state: &State, access: &FilterAccess, release: &release::Model) -> Result<bool> {
    let root = release.metadata.root_id.as_deref();
    let content = documents::solo_config(release.abi_version.as_deref(), root)?;
    let config = small(state, content).await?;
    let stored = objects::keep(state, &config).await?;
    let made = db::retrying(|| write(state, access, release, &stored)).await;
    if !matches!(made, Ok(true)) {
        objects::end_lease(state, stored.lease()).await;
    }
    made
}

async fn write(
    state: &State,
    access: &FilterAccess,
    release: &release::Model,
    config: &Stored,
) -> Result<bool> {
    let txn = state.db.begin_write().await?;
    let filter = access::relock_filter(&*txn, &access.filter).await?;
    // The configuration had to be stored first: whoever lost the right meanwhile makes nothing.
    let now = state.clock.now();
    let who = again(&*txn, access.who()?, now).await?;
    if !Relation::of(&*txn, &who, &filter, now).await?.writes() {
        return Err(Error::not_found());
    }
    let now = release::Entity::find_by_id(release.id).lock_exclusive().one(&*txn).await?;
    let release = now.ok_or_else(Error::not_found)?;
    let there = release_form::Entity::find()
        .filter(release_form::Column::ReleaseId.eq(release.id))
        .filter(release_form::Column::Kind.eq(FormKind::Solo));
    if there.count(&*txn).await? > 0 {
        return Ok(false);
    }
    name_parts(state, &txn, &filter, &release, config).await?;
    let size = u64::try_from(release.size).unwrap_or_default();
    let parts = (
        descriptor(documents::SOLO_CONFIG, &config.sha256, config.size),
        descriptor(documents::SOLO_LAYER, &release.sha256, size),
    );
    let manifest = documents::solo(&parts, &filter.name, &release.version)?;
    let digest = manifest.digest.to_string();
    Writer { state, txn: &txn, filter: &filter, release: &release }.form(&manifest, FormKind::Solo).await?;
    let object = format!("release:{}@{}", access.name(), release.version);
    let (actor, detail) = (Actor::from(&who), json!({"kind": FormKind::Solo, "digest": digest}));
    audit::record(&*txn, &state.clock, &actor, "release.form", object, detail).await?;
    txn.commit().await?;
    state.registry.forget();
    Ok(true)
}

/// Rows of modules are locked in one order by everybody.
async fn name_parts(
    state: &State,
    txn: &db::WriteTxn<'_>,
    filter: &filter::Model,
    release: &release::Model,
    config: &Stored,
) -> Result<()> {
    let gone = || Error::unavailable("a part of the form was collected while it was made");
    if release.sha256 < config.sha256 && !store::touch(state, txn, &release.sha256, None).await? {
        return Err(gone());
    }
    if let Named::Lost = config.name(state, txn).await? {
        return Err(gone());
    }
    let size = u64::try_from(release.size).unwrap_or_default();
    for (sha256, size) in [(&config.sha256, config.size), (&release.sha256, size)] {
        if !blobs::name(state, txn, filter.id, &Digest::from(sha256), sha256, size).await? {
            return Err(gone());
        }
    }
    Ok(())
}
