//! Releases: uploaded, described while a draft, yanked, quarantined, deleted. A version is
//! bound to one module for ever. `publication` is the one place that makes one public.
pub mod diff;
pub mod http;
pub mod list;
pub mod multipart;
pub mod publication;
pub mod view;

use crate::{
    audit::{self, Actor},
    auth::{Caller, FilterAccess, Identity, UploadTarget, access, again::again},
    counts,
    db::WriteTxn,
    error::{Error, Kind, Result},
    fail_here, failpoint,
    filters::{self, change::MetadataChange},
    modules::{
        spool::Spooled,
        store::{self, Admitted, Named},
    },
    reviews,
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde_json::json;
use tamis_entities::{
    filter, namespace, release, tombstone,
    value::{
        ArtifactKind, Lineage, MemberRole, Metadata, PluginType, ReleaseState, Sha256, Slug, Verdict, Version,
    },
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

pub struct Uploaded {
    pub namespace: namespace::Model,
    pub filter: filter::Model,
    pub release: release::Model,
    /// False: the same bytes were there already.
    pub created: bool,
}

/// Makes a draft release from a received file, through the same steps whatever door it came by.
pub async fn upload(
    state: &State,
    target: UploadTarget,
    version: &Version,
    spooled: Spooled,
    change: MetadataChange,
) -> Result<Uploaded> {
    let (caller, namespace, name) = match target {
        UploadTarget::Existing(access) => {
            let FilterAccess { caller, namespace, filter, .. } = *access;
            (caller, namespace, filter.name)
        }
        UploadTarget::New { caller, namespace, name } => (caller, namespace, name),
    };
    let existing = access::find_filter(&*state.db, namespace.id, &name).await?;
    let mut metadata = existing.as_ref().map(|f| f.defaults.clone()).unwrap_or_default();
    change.apply(&mut metadata)?;
    // Refuse what is decided already before the expensive part.
    if let Some(filter) = &existing
        && let Some(release) = same_version(&*state.db, filter, &namespace, version, &spooled.sha256).await?
    {
        return Ok(Uploaded { namespace, filter: filter.clone(), release, created: false });
    }
    let mut last = Error::unavailable("the module kept being collected while it was uploaded");
    for _ in 0..3 {
        let admitted = store::admit(state, &spooled, metadata.plugin_type).await?;
        let outcome = commit(state, &caller, &namespace, &name, version, &admitted, &metadata).await;
        match outcome {
            Ok(Some(uploaded)) => return Ok(uploaded),
            // The module was condemned between storing and naming: store it again.
            Ok(None) => store::end_lease(state, admitted.lease()).await,
            Err(error) => {
                store::end_lease(state, admitted.lease()).await;
                // Somebody made the filter or this very version meanwhile: look again what is there.
                if error.code() != "conflict" && !error.is_contention() {
                    return Err(error);
                }
                last = error;
            }
        }
    }
    Err(last)
}

async fn commit(
    state: &State,
    caller: &Caller,
    namespace: &namespace::Model,
    name: &Slug,
    version: &Version,
    admitted: &Admitted,
    metadata: &Metadata,
) -> Result<Option<Uploaded>> {
    let who = caller.identity().ok_or_else(|| Error::unauthenticated("sign in, or send a token"))?;
    let txn = state.db.begin_write().await?;
    let filter = match access::find_filter(&*txn, namespace.id, name).await? {
        Some(filter) => {
            let filter = access::relock_filter(&*txn, &filter).await?;
            check_still(state, &txn, who, Some(&filter), namespace).await?;
            filter
        }
        None => {
            check_still(state, &txn, who, None, namespace).await?;
            filters::create(state, &txn, who, namespace, name).await?
        }
    };
    if let Some(release) = same_version(&*txn, &filter, namespace, version, &admitted.sha256).await? {
        let namespace = namespace.clone();
        txn.commit().await?;
        store::end_lease(state, admitted.lease()).await;
        return Ok(Some(Uploaded { namespace, filter, release, created: false }));
    }
    if let Named::Lost = admitted.name(state, &txn).await? {
        return Ok(None);
    }
    let facts = Facts {
        sha256: admitted.sha256.clone(),
        size: i64::try_from(admitted.size).unwrap_or(i64::MAX),
        verdict: store::verdict(&admitted.report),
        abi_version: admitted.report.abi_version.clone(),
        metadata: metadata.clone(),
        lineage: None,
    };
    let release = insert(state, &txn, who, &filter, version, facts).await?;
    let object = format!("release:{}/{name}@{version}", namespace.handle);
    let detail = json!({"digest": admitted.sha256, "size": admitted.size, "verdict": release.verdict});
    audit::record(&*txn, &state.clock, &Actor::from(who), "release.upload", object, detail).await?;
    fail_here!("upload.before-commit");
    if !failpoint::is_seeded(failpoint::ACK_BEFORE_COMMIT) {
        txn.commit().await?;
    }
    fail_here!("upload.after-commit");
    metrics::counter!("tamis_uploads_total").increment(1);
    Ok(Some(Uploaded { namespace: namespace.clone(), filter, release, created: true }))
}

/// An upload takes its time: whoever lost the right to make it meanwhile makes nothing.
async fn check_still(
    state: &State,
    txn: &WriteTxn<'_>,
    who: &Identity,
    filter: Option<&filter::Model>,
    namespace: &namespace::Model,
) -> Result<()> {
    let who = again(&**txn, who, state.clock.now()).await?;
    let may = match filter {
        Some(filter) => access::Relation::of(&**txn, &who, filter, state.clock.now()).await?.writes(),
        None => who.role_in(namespace.id) >= Some(MemberRole::Maintainer),
    };
    if may { Ok(()) } else { Err(Error::not_found()) }
}

/// The release of this version if it has these bytes; an error if the version is taken by others.
async fn same_version<C: ConnectionTrait>(
    db: &C,
    filter: &filter::Model,
    namespace: &namespace::Model,
    version: &Version,
    sha256: &Sha256,
) -> Result<Option<release::Model>> {
    if let Some(release) = access::find_release(db, filter.id, version).await? {
        if release.sha256 == *sha256 {
            return Ok(Some(release));
        }
        let detail = format!(
            "version {version} has the digest {}; a version never changes its bytes, so upload these as a new version",
            release.sha256.digest()
        );
        return Err(Error::conflict("release-exists", detail));
    }
    check_tombstone(db, namespace.id, &filter.name, version, sha256).await?;
    Ok(None)
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
    bury(state, &txn, who, filter, &release).await?;
    let detail = json!({"digest": release.sha256});
    audit::record(&*txn, &state.clock, &Actor::from(who), "release.delete", object, detail).await?;
    fail_here!("delete.before-commit");
    txn.commit().await?;
    fail_here!("delete.after-commit");
    Ok(())
}
