//! Deciding: votes, and where they put a review. Everything is read again inside the
//! transaction, so that what is decided is what is there.
use super::{
    act::{self, Current, Doer, Why},
    moves::By,
    reasons,
};
use crate::{
    auth::{
        ReviewAccess,
        caller::{Via, identity},
    },
    db::WriteTxn,
    error::{Error, Result},
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::OnConflict};
use serde::Deserialize;
use serde_json::json;
use tamis_entities::{
    review_vote,
    value::{Decision, ReviewAct, ReviewState, Sha256},
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"decision": "approve", "digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "note": "Read the report, ran the sample."}))]
pub struct VoteRequest {
    pub decision: Decision,
    /// The digest that you have looked at.
    pub digest: Sha256,
    /// The revision that you have looked at.
    pub revision: Option<Sha256>,
    /// The evidence that you have looked at.
    pub evidence: Option<Sha256>,
    /// A code of the catalogue of reasons, whose text stands in for a note; or words of your own.
    #[schema(max_length = 200)]
    pub reason: Option<String>,
    #[schema(max_length = 10000)]
    pub note: Option<String>,
}

pub fn stale(what: &str) -> Error {
    Error::conflict("stale", format!("{what}; look at the review again before you decide"))
}

fn check(request: &VoteRequest) -> Result<()> {
    let long = |t: &Option<String>, n: usize| t.as_ref().is_some_and(|t| t.len() > n);
    if long(&request.reason, 200) || long(&request.note, 10_000) {
        return Err(Error::invalid("note", "a reason is at most 200 bytes, a note at most 10000"));
    }
    if request.decision != Decision::Approve && request.reason.is_none() && request.note.is_none() {
        return Err(Error::invalid("note", "tell the author why: a reason or a note"));
    }
    Ok(())
}

/// The vote speaks of what is there.
fn check_fresh(now: &Current, request: &VoteRequest) -> Result<()> {
    if !now.is_fresh() || request.digest != now.review.sha256 {
        return Err(stale("the vote names another digest than the review, or the release has changed"));
    }
    if request.revision.as_ref().is_some_and(|r| *r != now.review.revision) {
        return Err(stale("the vote names another revision than the review"));
    }
    if request.evidence.is_some() && request.evidence != now.review.evidence {
        return Err(stale("the checks have run again since"));
    }
    Ok(())
}

pub async fn vote(state: &State, found: &ReviewAccess, request: VoteRequest) -> Result<()> {
    let who = found.access.who()?;
    check(&request)?;
    let txn = state.db.begin_write().await?;
    let mut now = act::current(&txn, found.review.id).await?;
    let note = request.note.clone().or_else(|| reasons::text(request.reason.as_deref()).map(str::to_owned));
    let why = Why {
        reason: request.reason.clone(),
        note: note.clone(),
        detail: json!({"decision": request.decision}),
        ..Why::default()
    };
    act::make(state, &txn, &mut now, Doer::Person(who), ReviewAct::Vote, why, |_| {}).await?;
    check_fresh(&now, &request)?;
    let row = review_vote::ActiveModel {
        id: Set(Uuid::now_v7()),
        review_id: Set(now.review.id),
        user_id: Set(who.id),
        decision: Set(request.decision),
        sha256: Set(now.review.sha256.clone()),
        revision: Set(now.review.revision.clone()),
        reason: Set(request.reason),
        note: Set(note),
        created_at: Set(state.clock.now()),
        round: Set(now.review.round),
    };
    use review_vote::Column::*;
    let again = OnConflict::columns([ReviewId, UserId])
        .update_columns([Decision, Sha256, Revision, Reason, Note, CreatedAt, Round])
        .to_owned();
    review_vote::Entity::insert(row).on_conflict(again).exec_without_returning(&*txn).await?;
    if now.review.state != ReviewState::Checking {
        settle(state, &txn, &mut now, Doer::Person(who)).await?;
    }
    txn.commit().await
}

/// The votes that count: of this round, digest and revision, by people who may still vote. The
/// voter as they are now: removed, demoted, recused or made a writer meanwhile, they do not count. But an objection
/// stays whatever its curator was given since, or who is objected to would make it go by a grant.
async fn counting(state: &State, txn: &WriteTxn<'_>, now: &Current) -> Result<Vec<review_vote::Model>> {
    let votes = review_vote::Entity::find()
        .filter(review_vote::Column::ReviewId.eq(now.review.id))
        .filter(review_vote::Column::Round.eq(now.review.round))
        .filter(review_vote::Column::Sha256.eq(now.review.sha256.clone()))
        .filter(review_vote::Column::Revision.eq(now.review.revision.clone()))
        .order_by_asc(review_vote::Column::CreatedAt)
        .all(&**txn)
        .await?;
    let mut count = vec![];
    for vote in votes {
        let Some(voter) = identity(&**txn, vote.user_id, Via::Operator, None).await? else { continue };
        let about = (&now.filter, &now.release, &now.review);
        let roles = act::standing(&**txn, &voter, about, state.clock.now()).await?;
        let objects = vote.decision != Decision::Approve
            && roles.contains(&By::Curator)
            && !act::has_recused(&**txn, now.review.id, voter.id).await?;
        if objects || roles.contains(&By::Decider) {
            count.push(vote);
        }
    }
    Ok(count)
}

/// Where these votes put it.
fn outcome(now: &Current, votes: &[review_vote::Model]) -> ReviewState {
    let count = |decision| votes.iter().filter(|v| v.decision == decision).count();
    let approvals = i64::try_from(count(Decision::Approve)).unwrap_or(i64::MAX);
    if count(Decision::Reject) > 0 {
        ReviewState::Rejected
    } else if count(Decision::RequestChanges) > 0 {
        ReviewState::ChangesRequested
    } else if approvals >= now.review.quorum {
        ReviewState::Approved
    } else {
        ReviewState::InReview
    }
}

/// Whether enough people approve of exactly this, and nobody objects.
pub async fn is_carried(state: &State, txn: &WriteTxn<'_>, now: &Current) -> Result<bool> {
    Ok(outcome(now, &counting(state, txn, now).await?) == ReviewState::Approved)
}

/// Moves an undecided review to where its votes put it.
pub async fn settle(state: &State, txn: &WriteTxn<'_>, now: &mut Current, doer: Doer<'_>) -> Result<()> {
    // The author is at work on it: what it says now comes back to the curators by `resubmit`.
    if !now.is_fresh() {
        return Ok(());
    }
    let votes = counting(state, txn, now).await?;
    let (act, by) = match outcome(now, &votes) {
        to if to == now.review.state => return Ok(()),
        ReviewState::Rejected => (ReviewAct::Reject, Some(Decision::Reject)),
        ReviewState::ChangesRequested => (ReviewAct::RequestChanges, Some(Decision::RequestChanges)),
        ReviewState::Approved => (ReviewAct::Approve, Some(Decision::Approve)),
        _ => (ReviewAct::Reconsider, None),
    };
    // Whoever is told of it is told why: the words of the newest vote that it rests on.
    let vote = votes.into_iter().rfind(|v| Some(v.decision) == by);
    let (reason, told) = vote.map_or((None, None), |vote| (vote.reason, vote.note));
    let why = Why { reason, told, ..Why::default() };
    act::make(state, txn, now, doer, act, why, |_| {}).await
}
