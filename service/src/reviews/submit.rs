//! Asking for a publication (or its end), and taking the request back.
use super::OPEN;
use crate::{
    audit::{self, Actor},
    auth::{Caller, FilterAccess, ReviewAccess, access, table::Need},
    error::{Error, Result},
    filters::change::MetadataChange,
    jobs::{self, Job},
    releases,
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, sea_query::Expr};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use tamis_entities::{
    release, review,
    value::{Metadata, ReleaseState, ReviewAction, ReviewState, Slug, Version, revision},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// How long curators have before a request is overdue.
const DUE: Duration = Duration::from_secs(5 * 24 * 3600);
/// Votes that a request takes; a policy will say otherwise for some.
const QUORUM: i64 = 1;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"namespace": "acme", "filter": "header-guard", "version": "1.2.0", "action": "publish", "note": "Tested with Envoy 1.40."}))]
pub struct ReviewRequest {
    pub namespace: Slug,
    pub filter: Slug,
    pub version: Version,
    pub action: ReviewAction,
    /// For the curators: what this is and how it was tested.
    #[serde(default)]
    #[schema(max_length = 10000)]
    pub note: String,
    /// For `update`: what to change about the published release.
    pub metadata: Option<MetadataChange>,
}

/// The states that each action starts from.
fn starts_from(action: ReviewAction) -> &'static [ReleaseState] {
    match action {
        ReviewAction::Publish => &[ReleaseState::Draft],
        ReviewAction::Unpublish | ReviewAction::Update => &[ReleaseState::Published, ReleaseState::Yanked],
        ReviewAction::Unquarantine => &[ReleaseState::Quarantined],
    }
}

pub async fn submit(
    state: &State,
    caller: Caller,
    request: ReviewRequest,
) -> Result<(FilterAccess, release::Model, review::Model)> {
    if request.note.len() > 10_000 {
        return Err(Error::invalid("note", "at most 10000 bytes"));
    }
    let access = access::load_filter(state, caller, &request.namespace, &request.filter).await?;
    access.check(Need::WriteFilter)?;
    let release = access::find_release(&*state.db, access.filter.id, &request.version)
        .await?
        .ok_or_else(Error::not_found)?;
    let proposed = propose(state, &request, &release).await?;
    let review = insert(state, &access, &release, request, proposed).await?;
    state.jobs.wake();
    Ok((access, release, review))
}

async fn propose(
    state: &State,
    request: &ReviewRequest,
    release: &release::Model,
) -> Result<Option<Metadata>> {
    let Some(change) = request.metadata.clone() else { return Ok(None) };
    if request.action != ReviewAction::Update {
        return Err(Error::invalid("metadata", "only an `update` carries metadata; change a draft directly"));
    }
    let mut metadata = release.metadata.clone();
    change.apply(&mut metadata)?;
    releases::judge(state, release, metadata.plugin_type).await?;
    Ok(Some(metadata))
}

async fn insert(
    state: &State,
    access: &FilterAccess,
    release: &release::Model,
    request: ReviewRequest,
    proposed: Option<Metadata>,
) -> Result<review::Model> {
    let who = access.who()?;
    let txn = state.db.begin_write().await?;
    // Everything that the review is bound to is read in the transaction that makes it.
    let filter = access::relock_filter(&*txn, &access.filter).await?;
    let release =
        access::find_release(&*txn, filter.id, &release.version).await?.ok_or_else(Error::not_found)?;
    if !starts_from(request.action).contains(&release.state) {
        let detail = format!(
            "version {} is {}; `{}` does not start from there",
            release.version, release.state, request.action
        );
        return Err(Error::conflict("wrong-state", detail));
    }
    let open = review::Entity::find()
        .filter(review::Column::ReleaseId.eq(release.id))
        .filter(review::Column::State.is_in(OPEN))
        .one(&*txn)
        .await?;
    if let Some(other) = open {
        let detail =
            format!("review {} of this release is open ({}); withdraw it first", other.id, other.state);
        return Err(Error::conflict("review-open", detail));
    }
    let now = state.clock.now();
    let metadata = proposed.as_ref().unwrap_or(&release.metadata);
    let review = review::Model {
        id: Uuid::now_v7(),
        filter_id: filter.id,
        release_id: release.id,
        action: request.action,
        state: ReviewState::Checking,
        sha256: release.sha256.clone(),
        revision: revision(metadata, &filter.summary, filter.icon.as_deref()),
        proposed,
        submitted_by: who.id,
        note: request.note,
        quorum: QUORUM,
        assignee: None,
        due_at: Some(now.plus(DUE)),
        created_at: now,
        updated_at: now,
        decided_at: None,
    };
    review::Entity::insert(review.clone().into_active_model()).exec_without_returning(&*txn).await?;
    jobs::enqueue(&*txn, &state.clock, &Job::CheckReview { review: review.id }).await?;
    let object = format!("release:{}@{}", access.name(), release.version);
    let detail = json!({"review": review.id, "action": review.action, "digest": review.sha256, "revision": review.revision});
    audit::record(&*txn, &state.clock, &Actor::from(who), "review.submit", object, detail).await?;
    txn.commit().await?;
    Ok(review)
}

/// The submitter, or anyone with write on the filter, takes the request back.
pub async fn withdraw(state: &State, found: &ReviewAccess) -> Result<()> {
    let who = found.access.who()?;
    if found.review.submitted_by != who.id && !found.access.relation.writes() {
        return Err(Error::forbidden(
            "role",
            "the submitter, or who may write the filter, can withdraw a request",
        ));
    }
    let txn = state.db.begin_write().await?;
    let done = review::Entity::update_many()
        .col_expr(review::Column::State, Expr::value(ReviewState::Withdrawn))
        .col_expr(review::Column::UpdatedAt, Expr::value(state.clock.now()))
        .filter(review::Column::Id.eq(found.review.id))
        .filter(review::Column::State.is_in(OPEN))
        .exec(&*txn)
        .await?;
    if done.rows_affected == 0 {
        return Err(Error::conflict("review-closed", "this request has ended already"));
    }
    let object = format!("release:{}@{}", found.access.name(), found.release.version);
    let detail = json!({"review": found.review.id});
    audit::record(&*txn, &state.clock, &Actor::from(who), "review.withdraw", object, detail).await?;
    txn.commit().await
}

/// Takes the review, gives it to a curator, or (null) puts it back.
pub async fn assign(state: &State, found: &ReviewAccess, assignee: Option<Uuid>) -> Result<()> {
    let who = found.access.who()?;
    if !who.is_curator() {
        return Err(Error::forbidden("role", "curators take reviews"));
    }
    let txn = state.db.begin_write().await?;
    let change = review::ActiveModel {
        id: Set(found.review.id),
        assignee: Set(assignee),
        updated_at: Set(state.clock.now()),
        ..Default::default()
    };
    review::Entity::update(change).exec(&*txn).await?;
    let object = format!("release:{}@{}", found.access.name(), found.release.version);
    let detail = json!({"review": found.review.id, "assignee": assignee});
    audit::record(&*txn, &state.clock, &Actor::from(who), "review.assign", object, detail).await?;
    txn.commit().await
}
