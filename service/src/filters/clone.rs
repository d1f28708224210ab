//! Cloning: a new private filter with one draft release of the same version and module,
//! which remembers where it came from. No byte is copied.
use crate::{
    audit::{self, Actor},
    auth::{
        FilterAccess, UploadTarget,
        access::{self, Sight},
    },
    counts::Of,
    db,
    error::{Error, Result},
    fail_here,
    modules::{self, stopped},
    registry, releases,
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use serde_json::json;
use tamis_entities::{
    filter, namespace, release,
    value::{CountKind, Lineage, ReleaseState, Slug, Version},
};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"namespace": "acme", "name": "my-guard", "version": "1.2.0"}))]
pub struct CloneRequest {
    /// Where the copy goes: your handle, or that of a team you maintain.
    pub namespace: Slug,
    pub name: Slug,
    /// The release to copy; without it the newest that you may read.
    pub version: Option<Version>,
}

pub async fn clone(
    state: &State,
    source: FilterAccess,
    request: CloneRequest,
) -> Result<(namespace::Model, filter::Model, release::Model)> {
    let from = pick(state, &source, request.version.as_ref()).await?;
    stopped::check(state, &source, &from.sha256).await?;
    let caller = source.caller.clone();
    let UploadTarget::New { namespace, name, .. } =
        access::target(state, caller, &request.namespace, &request.name).await?
    else {
        let detail =
            format!("`{}/{}` exists already; clone under another name", request.namespace, request.name);
        return Err(Error::conflict("name-taken", detail));
    };
    let made = db::retrying(|| copy(state, &source, &from, &namespace, &name)).await?;
    let open = matches!(from.state, ReleaseState::Published | ReleaseState::Yanked);
    state.counts.add(Of::Release(from.id), CountKind::Clone, open, state.clock.now());
    Ok(made)
}

async fn copy(
    state: &State,
    source: &FilterAccess,
    from: &release::Model,
    namespace: &namespace::Model,
    name: &Slug,
) -> Result<(namespace::Model, filter::Model, release::Model)> {
    let who = source.who()?;
    let txn = state.db.begin_write().await?;
    let mut filter = super::create(state, &txn, who, namespace, name).await?;
    modules::store::lock_in_order(&txn, registry::forms::objects(&txn, from).await?).await?;
    if !modules::store::touch(state, &txn, &from.sha256, None).await? {
        return Err(Error::not_found());
    }
    let origin = &source.filter;
    let metadata = releases::shown_metadata(from, source.relation.is_insider()).clone();
    filter.title.clone_from(&origin.title);
    filter.summary.clone_from(&origin.summary);
    let update = filter::ActiveModel {
        id: Set(filter.id),
        title: Set(filter.title.clone()),
        summary: Set(filter.summary.clone()),
        source_repository: Set(origin.source_repository.clone()),
        icon: Set(origin.icon.clone()),
        defaults: Set(metadata.clone()),
        ..Default::default()
    };
    let filter = filter::Entity::update(update).exec(&*txn).await?;
    let lineage = Lineage {
        namespace: source.namespace.handle.clone(),
        filter: origin.name.clone(),
        version: from.version.clone(),
    };
    let facts = releases::Facts {
        sha256: from.sha256.clone(),
        size: from.size,
        verdict: from.verdict,
        abi_version: from.abi_version.clone(),
        metadata,
        lineage: Some(lineage),
    };
    let release = releases::insert(state, &txn, who, &filter, &from.version, facts).await?;
    registry::forms::copy(state, &txn, from, &filter, &release).await?;
    super::index(&txn, namespace, &filter).await?;
    let object = format!("filter:{}/{}", namespace.handle, filter.name);
    let detail = json!({"from": format!("{}@{}", source.name(), from.version), "digest": from.sha256});
    audit::record(&*txn, &state.clock, &Actor::from(who), "filter.clone", object, detail).await?;
    fail_here!("clone.before-commit");
    txn.commit().await?;
    fail_here!("clone.after-commit");
    Ok((namespace.clone(), filter, release))
}

/// The release asked for, or the newest that the caller may have; published ones first.
async fn pick(state: &State, source: &FilterAccess, version: Option<&Version>) -> Result<release::Model> {
    if let Some(version) = version {
        let release = access::find_release(&*state.db, source.filter.id, version)
            .await?
            .ok_or_else(Error::not_found)?;
        access::check_release(source, &release, crate::auth::table::Need::ReadBytes)?;
        // Author and curators may look at the bytes; a copy would be a way around the quarantine.
        if release.state == ReleaseState::Quarantined {
            return Err(access::quarantined(&release));
        }
        return Ok(release);
    }
    let all = release::Entity::find()
        .filter(release::Column::FilterId.eq(source.filter.id))
        .all(&*state.db)
        .await?;
    all.into_iter()
        .filter(|r| matches!(r.state, ReleaseState::Published | ReleaseState::Draft))
        .filter(|r| source.relation.sight(&source.filter, r) == Sight::Bytes)
        .max_by_key(|r| (r.state == ReleaseState::Published, r.version.semver()))
        .ok_or_else(|| Error::conflict("nothing-to-clone", "this filter has no release that you may clone"))
}
