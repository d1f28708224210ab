//! What the checks look at: the release as it would be published, its report, what was approved
//! before it, and who it could be mistaken for. Gathered once, before any check runs.
use super::signatures::{self, Signatures};
use crate::{error::Result, filters::view::handles, modules::store, state::State};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use tamis_entities::{
    filter, namespace, release, review,
    value::{Metadata, ReleaseState, ReviewAction, ReviewState, Version},
};
use tamis_verification::Report;
use uuid::Uuid;

pub struct Subject {
    pub review: review::Model,
    pub filter: filter::Model,
    pub release: release::Model,
    /// As it would be in force.
    pub metadata: Metadata,
    pub report: Report,
    pub before: Option<Before>,
    /// Something of this filter was published once, and nothing that was approved of it stands.
    pub fell: bool,
    /// The checks that must pass for this request.
    pub required: Vec<&'static str>,
    /// Published filters of others whose name looks the same.
    pub look_alikes: Vec<String>,
    pub signatures: Signatures,
}

/// The release that was approved last: this one, if it was.
pub struct Before {
    pub version: Version,
    pub size: i64,
    pub licence: Option<String>,
    pub report: Report,
}

/// None when there is nothing to check any more.
pub async fn gather(state: &State, id: Uuid) -> Result<Option<Subject>> {
    let Some(review) = review::Entity::find_by_id(id).one(&*state.db).await? else { return Ok(None) };
    if review.state != ReviewState::Checking {
        return Ok(None);
    }
    let filter = filter::Entity::find_by_id(review.filter_id).one(&*state.db).await?;
    let release = release::Entity::find_by_id(review.release_id).one(&*state.db).await?;
    let (Some(filter), Some(release)) = (filter, release) else { return Ok(None) };
    let namespace = namespace::Entity::find_by_id(filter.namespace_id).one(&*state.db).await?;
    let Some(namespace) = namespace else { return Ok(None) };
    let metadata = review.proposed.clone().unwrap_or_else(|| release.metadata.clone());
    let report = store::report_of(state, &release.sha256, metadata.plugin_type).await?;
    let before = before(state, &release).await?;
    let fell = before.is_none() && was_published(state, &filter).await?;
    let look_alikes = look_alikes(state, &filter).await?;
    let signatures = signatures::of(state, &namespace, &release).await?;
    let is_required = |id: &&str| state.policy.requires(id, &namespace, review.action);
    let required = super::ids().into_iter().filter(is_required).collect();
    Ok(Some(Subject {
        required,
        review,
        filter,
        release,
        metadata,
        report,
        before,
        fell,
        look_alikes,
        signatures,
    }))
}

/// What stands approved of this filter: this release, if it was, or the one that was published last.
async fn approved_before(state: &State, release: &release::Model) -> Result<Option<release::Model>> {
    if release.approved.is_some() {
        return Ok(Some(release.clone()));
    }
    let found = release::Entity::find()
        .filter(release::Column::FilterId.eq(release.filter_id))
        .filter(release::Column::State.is_in([ReleaseState::Published, ReleaseState::Yanked]))
        .order_by_desc(release::Column::PublishedAt)
        .limit(1);
    Ok(found.one(&*state.db).await?.filter(|row| row.approved.is_some()))
}

/// What those who decide, or decided, compare it with: of a request that has been fulfilled, what stood before it.
pub async fn compared_with(
    state: &State,
    release: &release::Model,
    review: &review::Model,
) -> Result<Option<release::Model>> {
    let since = release
        .published_at
        .filter(|_| review.action == ReviewAction::Publish && review.state == ReviewState::Published);
    let Some(since) = since else { return approved_before(state, release).await };
    let found = release::Entity::find()
        .filter(release::Column::FilterId.eq(release.filter_id))
        .filter(release::Column::Id.ne(release.id))
        .filter(release::Column::State.is_in([ReleaseState::Published, ReleaseState::Yanked]))
        .filter(release::Column::PublishedAt.lt(since))
        .order_by_desc(release::Column::PublishedAt)
        .limit(1);
    Ok(found.one(&*state.db).await?.filter(|row| row.approved.is_some()))
}

async fn was_published(state: &State, filter: &filter::Model) -> Result<bool> {
    let consumed = review::Entity::find()
        .filter(review::Column::FilterId.eq(filter.id))
        .filter(review::Column::Action.eq(ReviewAction::Publish))
        .filter(review::Column::State.eq(ReviewState::Published));
    Ok(consumed.limit(1).count(&*state.db).await? > 0)
}

async fn before(state: &State, release: &release::Model) -> Result<Option<Before>> {
    let found = approved_before(state, release).await?;
    let Some((row, approved)) = found.and_then(|r| r.approved.clone().map(|a| (r, a))) else {
        return Ok(None);
    };
    let report = store::report_of(state, &row.sha256, approved.metadata.plugin_type).await?;
    let licence = approved.metadata.licence;
    Ok(Some(Before { version: row.version, size: row.size, licence, report }))
}

async fn look_alikes(state: &State, filter: &filter::Model) -> Result<Vec<String>> {
    let same = filter::Entity::find()
        .filter(filter::Column::Skeleton.eq(filter.skeleton.as_str()))
        .filter(filter::Column::NamespaceId.ne(filter.namespace_id))
        .filter(filter::Column::PublishedReleases.gt(0))
        .order_by_asc(filter::Column::Id)
        .limit(5)
        .all(&*state.db)
        .await?;
    let handles = handles(&*state.db, same.iter().map(|f| f.namespace_id)).await?;
    let name = |f: &filter::Model| Some(format!("{}/{}", handles.get(&f.namespace_id)?, f.name));
    Ok(same.iter().filter_map(name).collect())
}
