//! Releases: uploaded, described while a draft, yanked, quarantined, deleted. A version is
//! bound to one module for ever. `publication` is the one place that makes one public.
pub mod diff;
pub mod http;
pub mod instead;
pub mod list;
pub mod multipart;
pub mod publication;
mod upload;
pub mod view;

pub use upload::{Uploaded, upload, upload_pushed};

use crate::{
    audit::{self, Actor},
    auth::{Identity, access},
    counts,
    db::WriteTxn,
    error::{Error, Kind, Result},
    fail_here,
    filters::change::MetadataChange,
    modules::store,
    registry, reviews,
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde_json::json;
use tamis_entities::{
    filter, release, tombstone,
    value::{ArtifactKind, Lineage, Metadata, PluginType, ReleaseState, Sha256, Slug, Verdict, Version},
};
use uuid::Uuid;

/// What a new release row is made from.
pub struct Facts {
    pub sha256: Sha256,
    pub size: i64,
    pub verdict: Verdict,
    pub abi_version: Option<String>,
    pub metadata: Metadata,
    pub lineage: Option<Lineage>,
}

async fn check_tombstone<C: ConnectionTrait>(
    db: &C,
    namespace: Uuid,
    name: &Slug,
    version: &Version,
    sha256: &Sha256,
) -> Result<()> {
    let buried = tombstone::Entity::find()
        .filter(tombstone::Column::NamespaceId.eq(namespace))
        .filter(tombstone::Column::Name.eq(name.clone()))
        .filter(tombstone::Column::Version.eq(version.clone()))
        .one(db)
        .await?;
    match buried.filter(|t| t.sha256 != *sha256) {
        Some(t) => {
            let detail = format!(
                "version {version} was deleted; it had the digest {}, and never gets other bytes: upload these as a new version",
                t.sha256.digest()
            );
            Err(Error::conflict("version-retired", detail))
        }
        None => Ok(()),
    }
}

/// Writes the draft row.
pub async fn insert(
    state: &State,
    txn: &WriteTxn<'_>,
    who: &Identity,
    filter: &filter::Model,
    version: &Version,
    facts: Facts,
) -> Result<release::Model> {
    check_tombstone(&**txn, filter.namespace_id, &filter.name, version, &facts.sha256).await?;
    let model = release::Model {
        id: Uuid::now_v7(),
        filter_id: filter.id,
        version: version.clone(),
        artifact_kind: ArtifactKind::Wasm,
        state: ReleaseState::Draft,
        sha256: facts.sha256,
        size: facts.size,
        verdict: facts.verdict,
        abi_version: facts.abi_version,
        plugin_type: facts.metadata.plugin_type,
        metadata: facts.metadata,
        approved: None,
        lineage: facts.lineage,
        state_reason: None,
        prior_state: None,
        published_at: None,
        break_glass: false,
        created_by: who.id,
        created_at: state.clock.now(),
    };
    release::Entity::insert(sea_orm::IntoActiveModel::into_active_model(model.clone()))
        .exec_without_returning(&**txn)
        .await?;
    Ok(model)
}

/// Insiders see what is being worked on; everyone else what was approved.
pub fn shown_metadata(release: &release::Model, insider: bool) -> &Metadata {
    match (&release.approved, insider) {
        (Some(approved), false) => &approved.metadata,
        _ => &release.metadata,
    }
}

/// Changes what is said of a draft.
pub async fn change(
    state: &State,
    filter: &filter::Model,
    release: release::Model,
    who: &Identity,
    object: String,
    change: MetadataChange,
) -> Result<release::Model> {
    if release.state != ReleaseState::Draft {
        let detail = format!(
            "version {} is {}; ask for the change with a review of the action `update`",
            release.version, release.state
        );
        return Err(Error::conflict("not-a-draft", detail));
    }
    let mut metadata = release.metadata.clone();
    change.apply(&mut metadata)?;
    // Saving what is there already takes nothing back.
    if metadata == release.metadata {
        return Ok(release);
    }
    // The declared type is part of what verification judges.
    let verdict = judge(state, &release, metadata.plugin_type).await?;
    let txn = state.db.begin_write().await?;
    access::relock_filter(&*txn, filter).await?;
    reviews::supersede_revised(state, &txn, reviews::Scope::Release(release.id)).await?;
    let now = release::Entity::find_by_id(release.id).lock_exclusive().one(&*txn).await?;
    if now.is_none_or(|now| now.metadata != release.metadata) {
        return Err(Error::new(
            Kind::Stale,
            "stale",
            "somebody else changed it at the same moment; read it again",
        ));
    }
    let update = release::Entity::update_many()
        .set(release::ActiveModel {
            plugin_type: Set(metadata.plugin_type),
            metadata: Set(metadata),
            verdict: Set(verdict),
            ..Default::default()
        })
        .filter(release::Column::Id.eq(release.id))
        .filter(release::Column::State.eq(ReleaseState::Draft))
        .exec(&*txn)
        .await?;
    if update.rows_affected == 0 {
        return Err(Error::conflict("not-a-draft", "it was published meanwhile"));
    }
    audit::record(&*txn, &state.clock, &Actor::from(who), "release.change", object, json!({})).await?;
    let release =
        access::find_release(&*txn, filter.id, &release.version).await?.ok_or_else(Error::not_found)?;
    txn.commit().await?;
    Ok(release)
}

/// The verdict under another declared type; a type that the module contradicts is refused.
pub async fn judge(state: &State, release: &release::Model, declared: Option<PluginType>) -> Result<Verdict> {
    if declared == release.plugin_type {
        return Ok(release.verdict);
    }
    let report = store::report_of(state, &release.sha256, declared).await?;
    match store::verdict(&report) {
        Verdict::Fail | Verdict::Error => Err(Error::rejected(report)),
        verdict => Ok(verdict),
    }
}

/// Locks what the releases are made of, before they are buried.
pub async fn lock_objects(txn: &WriteTxn<'_>, releases: &[release::Model]) -> Result<()> {
    let mut all = Vec::new();
    for release in releases {
        all.extend(registry::forms::objects(txn, release).await?);
    }
    store::lock_in_order(txn, all).await
}

/// Leaves a tombstone and removes the row; the bytes go when the collector finds them unnamed.
pub async fn bury(
    state: &State,
    txn: &WriteTxn<'_>,
    who: &Identity,
    filter: &filter::Model,
    release: &release::Model,
) -> Result<()> {
    let row = tombstone::ActiveModel {
        id: Set(Uuid::now_v7()),
        namespace_id: Set(filter.namespace_id),
        name: Set(filter.name.clone()),
        version: Set(release.version.clone()),
        sha256: Set(release.sha256.clone()),
        deleted_by: Set(who.id),
        deleted_at: Set(state.clock.now()),
    };
    let again = sea_orm::sea_query::OnConflict::columns([
        tombstone::Column::NamespaceId,
        tombstone::Column::Name,
        tombstone::Column::Version,
    ])
    .update_columns([tombstone::Column::DeletedBy, tombstone::Column::DeletedAt])
    .to_owned();
    tombstone::Entity::insert(row).on_conflict(again).exec_without_returning(&**txn).await?;
    // The grace runs from here.
    store::touch(state, txn, &release.sha256, None).await?;
    counts::flush::take_out(txn, release).await?;
    registry::forms::bury(state, txn, release).await?;
    release::Entity::delete_by_id(release.id).exec(&**txn).await?;
    Ok(())
}

/// Deletes a draft.
pub async fn delete(
    state: &State,
    filter: &filter::Model,
    release: &release::Model,
    who: &Identity,
    object: String,
) -> Result<()> {
    let txn = state.db.begin_write().await?;
    access::relock_filter(&*txn, filter).await?;
    let release =
        access::find_release(&*txn, filter.id, &release.version).await?.ok_or_else(Error::not_found)?;
    if release.state != ReleaseState::Draft {
        let detail = format!(
            "version {} is {}; only a draft can be deleted (unpublish it by a review, or yank it)",
            release.version, release.state
        );
        return Err(Error::conflict("not-a-draft", detail));
    }
    // Log and receivers hear how an open request ended; the rows go with what they speak of.
    reviews::supersede_open(state, &txn, reviews::Scope::Release(release.id), "its draft was deleted")
        .await?;
    lock_objects(&txn, std::slice::from_ref(&release)).await?;
    bury(state, &txn, who, filter, &release).await?;
    let detail = json!({"digest": release.sha256});
    audit::record(&*txn, &state.clock, &Actor::from(who), "release.delete", object, detail).await?;
    fail_here!("delete.before-commit");
    txn.commit().await?;
    fail_here!("delete.after-commit");
    Ok(())
}
