//! Asking for a publication (or its end), and asking again after changes.
use super::{
    WAITING,
    act::{self, Current, Doer, Why},
    alone, decide, words,
};
use crate::{
    auth::{Caller, FilterAccess, ReviewAccess, access, table::Need},
    db::WriteTxn,
    error::{Error, Result},
    filters::change::MetadataChange,
    jobs::{self, Job},
    releases,
    state::State,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait,
};
use serde::Deserialize;
use serde_json::json;
use tamis_entities::{
    filter, release, review, review_check,
    value::{Metadata, ReleaseState, ReviewAct, ReviewAction, ReviewState, Slug, Version, revision},
};
use utoipa::ToSchema;
use uuid::Uuid;

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
    let access = access::load_filter(state, caller, &request.namespace, &request.filter).await?;
    access.check(Need::WriteFilter)?;
    let (release, review) = ask(state, &access, request).await?;
    Ok((access, release, review))
}

/// The same for who may ask for this by another right than to write the filter; the caller has looked at it.
pub async fn ask(
    state: &State,
    access: &FilterAccess,
    request: ReviewRequest,
) -> Result<(release::Model, review::Model)> {
    if request.note.len() > 10_000 {
        return Err(Error::invalid("note", "at most 10000 bytes"));
    }
    let release = access::find_release(&*state.db, access.filter.id, &request.version)
        .await?
        .ok_or_else(Error::not_found)?;
    let proposed = propose(state, &request, &release).await?;
    let review = insert(state, access, &release, request, proposed).await?;
    state.jobs.wake();
    Ok((release, review))
}

async fn propose(
    state: &State,
    request: &ReviewRequest,
    release: &release::Model,
) -> Result<Option<Metadata>> {
    let Some(change) = request.metadata.clone() else { return Ok(None) };
    if request.action != ReviewAction::Update {
        return Err(Error::invalid(
            "metadata",
            "only a request to describe a published release anew carries metadata; change a draft directly",
        ));
    }
    let mut metadata = release.metadata.clone();
    change.apply(&mut metadata)?;
    releases::judge(state, release, metadata.plugin_type).await?;
    Ok(Some(metadata))
}

async fn insert(
    state: &State,
    access: &FilterAccess,
    seen: &release::Model,
    request: ReviewRequest,
    proposed: Option<Metadata>,
) -> Result<review::Model> {
    let who = access.who()?;
    let txn = state.db.begin_write().await?;
    // Everything that the review is bound to is read in the transaction that makes it.
    let filter = access::relock_filter(&*txn, &access.filter).await?;
    let release =
        access::find_release(&*txn, filter.id, &seen.version).await?.ok_or_else(Error::not_found)?;
    check_start(&txn, request.action, &release).await?;
    if proposed.is_some() && release.metadata != seen.metadata {
        return Err(decide::stale("what is said of the release has changed meanwhile"));
    }
    let first = is_first_publication(&txn, filter.namespace_id, request.action).await?;
    let (policy, now) = (&state.policy, state.clock.now());
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
        quorum: policy.votes(&access.namespace, request.action, first, false),
        assignee: None,
        lease_until: None,
        due_at: Some(now.plus(policy.due())),
        created_at: now,
        updated_at: now,
        decided_at: None,
        paused_at: None,
        escalated_at: None,
        expires_at: Some(now.plus(policy.expiry())),
        round: 1,
        evidence: None,
        policy: Some(policy.version.clone()),
        risk: 0,
        addends: None,
        first_publication: first,
        break_glass: false,
    };
    let current = Current { namespace: access.namespace.clone(), filter, release, review };
    act::open(state, &txn, who, &current).await?;
    jobs::enqueue(&*txn, &state.clock, &Job::CheckReview { review: current.review.id }).await?;
    txn.commit().await?;
    Ok(current.review)
}

/// The release is where the action starts from, and nothing else of it waits for a decision.
async fn check_start(txn: &WriteTxn<'_>, action: ReviewAction, release: &release::Model) -> Result<()> {
    if !starts_from(action).contains(&release.state) {
        let (is, of) = (words::release(release.state), words::asked_of(action));
        let detail = format!("version {} is {is}; {of}", release.version);
        return Err(Error::conflict("wrong-state", detail));
    }
    alone::check(txn, release, None).await
}

/// Whether nothing of the namespace has ever been published.
async fn is_first_publication(txn: &WriteTxn<'_>, namespace: Uuid, action: ReviewAction) -> Result<bool> {
    let theirs = filter::Entity::find()
        .select_only()
        .column(filter::Column::Id)
        .filter(filter::Column::NamespaceId.eq(namespace));
    let before = review::Entity::find()
        .filter(review::Column::State.eq(ReviewState::Published))
        .filter(review::Column::Action.eq(ReviewAction::Publish))
        .filter(review::Column::FilterId.in_subquery(theirs.into_query()));
    Ok(action == ReviewAction::Publish && before.limit(1).count(&**txn).await? == 0)
}

/// The request that its author can send again.
pub async fn sent_back(state: &State, release: Uuid) -> Result<Option<review::Model>> {
    let rows = review::Entity::find().filter(review::Column::ReleaseId.eq(release));
    Ok(rows.filter(review::Column::State.is_in(WAITING.iter().copied())).one(&*state.db).await?)
}

/// After changes were asked for, or checks have blocked: puts the request, as the release is now,
/// to the checks and then to the curators again. Votes of the round before do not count in this.
pub async fn resubmit(state: &State, found: &ReviewAccess, note: Option<String>) -> Result<()> {
    if note.as_ref().is_some_and(|n| n.len() > 10_000) {
        return Err(Error::invalid("note", "at most 10000 bytes"));
    }
    let who = found.access.who()?;
    let txn = state.db.begin_write().await?;
    let mut now = act::current(&txn, found.review.id).await?;
    let (round, expiry) = (now.review.round + 1, state.clock.now().plus(state.policy.expiry()));
    let revised = releases::publication::current_revision(&now.filter, &now.release, &now.review);
    let why = Why { note, detail: json!({"round": round}), ..Why::default() };
    act::make(state, &txn, &mut now, Doer::Person(who), ReviewAct::Resubmit, why, |row| {
        row.round = Set(round);
        row.revision = Set(revised);
        row.evidence = Set(None);
        row.expires_at = Set(Some(expiry));
        row.escalated_at = Set(None);
    })
    .await?;
    check_again(state, txn, &now).await
}

/// Runs the checks of an undecided review again.
pub async fn run_checks(state: &State, found: &ReviewAccess) -> Result<()> {
    let who = found.access.who()?;
    let txn = state.db.begin_write().await?;
    let mut now = act::current(&txn, found.review.id).await?;
    let (doer, why) = (Doer::Person(who), Why::default());
    act::make(state, &txn, &mut now, doer, ReviewAct::RunChecks, why, |row| row.evidence = Set(None)).await?;
    if !now.is_fresh() {
        // Their results would stand under a revision that they are not about, and nobody could vote on it.
        let detail = "what is said of the release has changed since it was asked for; ask again, and the checks look at that";
        return Err(Error::conflict("stale", detail));
    }
    check_again(state, txn, &now).await
}

/// What the checks said before says nothing while they run.
async fn check_again(state: &State, txn: WriteTxn<'_>, now: &Current) -> Result<()> {
    review_check::Entity::delete_many()
        .filter(review_check::Column::ReviewId.eq(now.review.id))
        .exec(&*txn)
        .await?;
    jobs::enqueue(&*txn, &state.clock, &Job::CheckReview { review: now.review.id }).await?;
    txn.commit().await?;
    state.jobs.wake();
    Ok(())
}
