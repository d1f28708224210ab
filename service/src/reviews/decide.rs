//! Deciding: votes, and the act that makes an approval real. Both read everything again
//! inside their transaction, so that what is decided is what is there.
use crate::{
    audit::{self, Actor},
    auth::{
        Identity, ReviewAccess, access,
        access::Relation,
        caller::{Via, identity},
    },
    db::{self, WriteTxn},
    error::{Error, Result},
    fail_here,
    releases::publication,
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::OnConflict};
use serde::Deserialize;
use serde_json::json;
use tamis_entities::{
    filter, release, review, review_vote,
    value::{Decision, ReviewState, Sha256},
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
    #[schema(max_length = 200)]
    pub reason: Option<String>,
    #[schema(max_length = 10000)]
    pub note: Option<String>,
}

struct Current {
    filter: filter::Model,
    release: release::Model,
    review: review::Model,
}

/// The rows as they are in this transaction, locked in the order filter, review, release
/// (SQLite, with its one writer, has no use for the locks and leaves them out).
async fn current(txn: &WriteTxn<'_>, id: Uuid) -> Result<Current> {
    // A review never moves to another filter, so this one may be read before it is locked.
    let review = review::Entity::find_by_id(id).one(&**txn).await?.ok_or_else(Error::not_found)?;
    let filter = access::lock_filter(&**txn, review.filter_id).await?;
    let review =
        review::Entity::find_by_id(id).lock_exclusive().one(&**txn).await?.ok_or_else(Error::not_found)?;
    let release = release::Entity::find_by_id(review.release_id).lock_exclusive().one(&**txn).await?;
    match (filter, release) {
        (Some(filter), Some(release)) => Ok(Current { filter, release, review }),
        _ => Err(Error::not_found()),
    }
}

impl Current {
    /// The review still speaks of what is there.
    fn is_fresh(&self) -> bool {
        self.review.sha256 == self.release.sha256
            && self.review.revision
                == publication::current_revision(&self.filter, &self.release, &self.review)
    }
}

fn stale(what: &str) -> Error {
    Error::conflict("stale", format!("{what}; look at the review again before you decide"))
}

pub async fn vote(state: &State, found: &ReviewAccess, request: VoteRequest) -> Result<()> {
    let who = found.access.who()?;
    let long = |t: &Option<String>, n: usize| t.as_ref().is_some_and(|t| t.len() > n);
    if long(&request.reason, 200) || long(&request.note, 10_000) {
        return Err(Error::invalid("note", "a reason is at most 200 bytes, a note at most 10000"));
    }
    if request.decision != Decision::Approve && request.reason.is_none() && request.note.is_none() {
        return Err(Error::invalid("note", "tell the author why: a reason or a note"));
    }
    let txn = state.db.begin_write().await?;
    let now = current(&txn, found.review.id).await?;
    use ReviewState::*;
    if !matches!(now.review.state, Checking | InReview | ChangesRequested) {
        return Err(Error::conflict(
            "review-closed",
            format!("this review is {}; it takes no votes", now.review.state),
        ));
    }
    if !now.is_fresh() || request.digest != now.review.sha256 {
        return Err(stale("the vote names another digest than the review, or the release has changed"));
    }
    if request.revision.as_ref().is_some_and(|r| *r != now.review.revision) {
        return Err(stale("the vote names another revision than the review"));
    }
    check_voter(state, &txn, who, &now).await?;
    let row = review_vote::ActiveModel {
        id: Set(Uuid::now_v7()),
        review_id: Set(now.review.id),
        user_id: Set(who.id),
        decision: Set(request.decision),
        sha256: Set(now.review.sha256.clone()),
        revision: Set(now.review.revision.clone()),
        reason: Set(request.reason),
        note: Set(request.note),
        created_at: Set(state.clock.now()),
    };
    use review_vote::Column;
    let again = OnConflict::columns([Column::ReviewId, Column::UserId])
        .update_columns([
            Column::Decision,
            Column::Sha256,
            Column::Revision,
            Column::Reason,
            Column::Note,
            Column::CreatedAt,
        ])
        .to_owned();
    review_vote::Entity::insert(row).on_conflict(again).exec_without_returning(&*txn).await?;
    let object = format!("release:{}@{}", found.access.name(), now.release.version);
    let detail = json!({"review": now.review.id, "decision": request.decision, "digest": now.review.sha256, "revision": now.review.revision});
    audit::record(&*txn, &state.clock, &Actor::from(who), "review.vote", object, detail).await?;
    if now.review.state != Checking {
        settle(state, &txn, now.review.id).await?;
    }
    txn.commit().await
}

/// Nobody decides on their own work, whatever else they are.
async fn check_voter(state: &State, txn: &WriteTxn<'_>, who: &Identity, now: &Current) -> Result<()> {
    let relation = Relation::of(&**txn, who, &now.filter, state.clock.now()).await?;
    let own = now.review.submitted_by == who.id || now.release.created_by == who.id || relation.writes();
    match (who.is_curator(), own) {
        (true, false) => Ok(()),
        (false, _) => Err(Error::forbidden("role", "only curators vote")),
        (true, true) => Err(Error::forbidden(
            "own-work",
            "who submitted, uploaded or may write a filter does not vote on it",
        )),
    }
}

/// Approvals of this digest and revision by people who may still give them.
async fn approvals(state: &State, txn: &WriteTxn<'_>, now: &Current) -> Result<i64> {
    let votes = review_vote::Entity::find()
        .filter(review_vote::Column::ReviewId.eq(now.review.id))
        .filter(review_vote::Column::Decision.eq(Decision::Approve))
        .filter(review_vote::Column::Sha256.eq(now.review.sha256.clone()))
        .filter(review_vote::Column::Revision.eq(now.review.revision.clone()))
        .all(&**txn)
        .await?;
    let mut count = 0;
    for vote in votes {
        // The voter as they are now: removed, demoted or made a writer meanwhile, they do not count.
        let Some(voter) = identity(&**txn, vote.user_id, Via::Operator, None).await? else { continue };
        count += i64::from(check_voter(state, txn, &voter, now).await.is_ok());
    }
    Ok(count)
}

/// Moves an undecided review to where its votes put it.
pub async fn settle(state: &State, txn: &WriteTxn<'_>, id: Uuid) -> Result<()> {
    let now = current(txn, id).await?;
    let votes = review_vote::Entity::find().filter(review_vote::Column::ReviewId.eq(id)).all(&**txn).await?;
    let any = |d: Decision| votes.iter().any(|v| v.decision == d);
    let to = if any(Decision::Reject) {
        ReviewState::Rejected
    } else if any(Decision::RequestChanges) {
        ReviewState::ChangesRequested
    } else if approvals(state, txn, &now).await? >= now.review.quorum {
        ReviewState::Approved
    } else {
        ReviewState::InReview
    };
    let decided = matches!(to, ReviewState::Rejected | ReviewState::Approved);
    let change = review::ActiveModel {
        id: Set(id),
        state: Set(to),
        updated_at: Set(state.clock.now()),
        decided_at: Set(decided.then(|| state.clock.now())),
        ..Default::default()
    };
    review::Entity::update(change).exec(&**txn).await?;
    Ok(())
}

/// Makes an approved review real, once.
pub async fn release(state: &State, found: &ReviewAccess) -> Result<release::Model> {
    let who = found.access.who()?;
    let submitter = found.review.submitted_by == who.id && found.access.relation.is_insider();
    let may = submitter || found.access.relation.writes() || who.is_curator();
    if !may {
        return Err(Error::forbidden(
            "role",
            "the submitter, who may write the filter, or a curator can release",
        ));
    }
    let (name, actor) = (found.access.name(), Actor::from(who));
    let released = db::retrying(|| consume(state, found.review.id, &name, &actor)).await?;
    metrics::counter!("tamis_publications_total").increment(1);
    Ok(released)
}

async fn consume(state: &State, id: Uuid, name: &str, actor: &Actor) -> Result<release::Model> {
    let txn = state.db.begin_write().await?;
    let now = current(&txn, id).await?;
    if now.review.state != ReviewState::Approved {
        return Err(Error::conflict(
            "not-approved",
            format!("this review is {}; only an approved one can be released", now.review.state),
        ));
    }
    if !now.is_fresh() {
        return Err(stale("the release has changed since it was approved"));
    }
    if approvals(state, &txn, &now).await? < now.review.quorum {
        return Err(Error::conflict(
            "not-approved",
            "an approval no longer counts: its curator may not vote on this any more",
        ));
    }
    let used = review::Entity::update_many()
        .set(review::ActiveModel {
            state: Set(ReviewState::Published),
            updated_at: Set(state.clock.now()),
            ..Default::default()
        })
        .filter(review::Column::Id.eq(id))
        .filter(review::Column::State.eq(ReviewState::Approved))
        .exec(&*txn)
        .await?;
    if used.rows_affected == 0 {
        return Err(Error::conflict("not-approved", "this approval has been used"));
    }
    publication::apply(state, &txn, &now.filter, &now.release, &now.review).await?;
    let object = format!("release:{name}@{}", now.release.version);
    let detail = json!({"review": id, "digest": now.review.sha256, "revision": now.review.revision});
    audit::record(&*txn, &state.clock, actor, &format!("release.{}", now.review.action), object, detail)
        .await?;
    let released = access::find_release(&*txn, now.filter.id, &now.release.version)
        .await?
        .ok_or_else(Error::not_found)?;
    fail_here!("publish.before-commit");
    txn.commit().await?;
    fail_here!("publish.after-commit");
    Ok(released)
}
