//! Appeals: one against each rejection, decided by somebody who did not reject. A reopened review
//! begins a new round of votes; an upheld rejection stays, with its reason. While one waits, its author can
//! withdraw it, and asks for nothing else of the release.
use super::{
    act::{self, Current, Doer, Why},
    alone,
};
use crate::{
    auth::{Identity, ReviewAccess},
    db::WriteTxn,
    error::{Error, Result},
    state::State,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
};
use serde::Deserialize;
use tamis_entities::{
    review_appeal, review_event, review_vote,
    value::{AppealDecision, Decision, ReviewAct},
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppealDecisionRequest {
    pub decision: AppealDecision,
    /// Why; the author reads it.
    #[schema(min_length = 1, max_length = 10000)]
    pub note: String,
}

fn words(text: &str) -> Result<String> {
    match text.trim() {
        "" => Err(Error::invalid("note", "say why, in 1 to 10000 bytes")),
        long if long.len() > 10_000 => Err(Error::invalid("note", "at most 10000 bytes")),
        text => Ok(text.to_owned()),
    }
}

/// The line of history of the rejection that stands.
async fn rejection<C: ConnectionTrait>(db: &C, review: Uuid) -> Result<Option<review_event::Model>> {
    Ok(review_event::Entity::find()
        .filter(review_event::Column::ReviewId.eq(review))
        .filter(review_event::Column::Act.eq(ReviewAct::Reject))
        .order_by_desc(review_event::Column::Id)
        .one(db)
        .await?)
}

/// The appeal against it, if there is one.
pub async fn of<C: ConnectionTrait>(db: &C, review: Uuid) -> Result<Option<review_appeal::Model>> {
    let last = review_appeal::Entity::find()
        .filter(review_appeal::Column::ReviewId.eq(review))
        .order_by_desc(review_appeal::Column::CreatedAt);
    Ok(last.one(db).await?)
}

pub async fn appeal(state: &State, found: &ReviewAccess, note: &str) -> Result<()> {
    let (who, note) = (found.access.who()?, words(note)?);
    let txn = state.db.begin_write().await?;
    let mut now = act::current(&txn, found.review.id).await?;
    let why = Why { note: Some(note.clone()), ..Why::default() };
    // Its place among the appeals that wait: an answer is due as a first decision is.
    let at = state.clock.now();
    act::make(state, &txn, &mut now, Doer::Person(who), ReviewAct::Appeal, why, |row| {
        row.due_at = Set(Some(at.plus(state.policy.due())));
    })
    .await?;
    let twice = || Error::conflict("appealed", "there is one appeal against a rejection, and it was made");
    let against = rejection(&*txn, now.review.id).await?.ok_or_else(twice)?;
    if review_appeal::Entity::find_by_id(against.id).count(&*txn).await? > 0 {
        return Err(twice());
    }
    alone::check(&txn, &now.release, Some(now.review.id)).await?;
    let row = review_appeal::ActiveModel {
        event_id: Set(against.id),
        review_id: Set(now.review.id),
        submitted_by: Set(who.id),
        note: Set(note),
        created_at: Set(at),
        decided_by: Set(None),
        decision: Set(None),
        answer: Set(None),
        decided_at: Set(None),
    };
    review_appeal::Entity::insert(row).exec_without_returning(&*txn).await?;
    txn.commit().await
}

/// By its author, who decided nothing by it: it is answered without a decision. The rejection stands.
pub async fn withdraw(state: &State, found: &ReviewAccess) -> Result<()> {
    let who = found.access.who()?;
    let txn = state.db.begin_write().await?;
    let mut now = act::current(&txn, found.review.id).await?;
    let (doer, why) = (Doer::Person(who), Why::default());
    act::make(state, &txn, &mut now, doer, ReviewAct::WithdrawAppeal, why, |_| {}).await?;
    let open = waiting(&txn, now.review.id).await?.ok_or_else(none)?;
    let row = review_appeal::ActiveModel {
        event_id: Set(open.event_id),
        decided_by: Set(Some(who.id)),
        decided_at: Set(Some(state.clock.now())),
        ..Default::default()
    };
    review_appeal::Entity::update(row).exec(&*txn).await?;
    txn.commit().await
}

fn none() -> Error {
    Error::conflict("no-appeal", "there is no appeal that waits for an answer")
}

async fn waiting(txn: &WriteTxn<'_>, review: Uuid) -> Result<Option<review_appeal::Model>> {
    Ok(of(&**txn, review).await?.filter(|appeal| appeal.decided_at.is_none()))
}

pub async fn decide(state: &State, found: &ReviewAccess, request: AppealDecisionRequest) -> Result<()> {
    let (who, note) = (found.access.who()?, words(&request.note)?);
    let txn = state.db.begin_write().await?;
    let mut now = act::current(&txn, found.review.id).await?;
    let open = waiting(&txn, now.review.id).await?;
    let rejected = has_rejected(&txn, &now, who).await?;
    let why = Why { note: Some(note.clone()), ..Why::default() };
    let (round, due) = (now.review.round + 1, state.clock.now().plus(state.policy.due()));
    let expiry = state.clock.now().plus(state.policy.expiry());
    let act = match request.decision {
        AppealDecision::Reopen => ReviewAct::Reopen,
        AppealDecision::Uphold => ReviewAct::Uphold,
    };
    act::make(state, &txn, &mut now, Doer::Person(who), act, why, |row| {
        if act == ReviewAct::Reopen {
            row.round = Set(round);
            row.due_at = Set(Some(due));
            row.expires_at = Set(Some(expiry));
            row.escalated_at = Set(None);
        }
    })
    .await?;
    let open = open.ok_or_else(none)?;
    if rejected {
        return Err(Error::forbidden("second-person", "who rejected does not decide about the appeal"));
    }
    if act == ReviewAct::Reopen {
        check_reopen(&txn, &now).await?;
    }
    let row = review_appeal::ActiveModel {
        event_id: Set(open.event_id),
        decided_by: Set(Some(who.id)),
        decision: Set(Some(request.decision)),
        answer: Set(Some(note)),
        decided_at: Set(Some(state.clock.now())),
        ..Default::default()
    };
    review_appeal::Entity::update(row).exec(&*txn).await?;
    txn.commit().await
}

async fn has_rejected(txn: &WriteTxn<'_>, now: &Current, who: &Identity) -> Result<bool> {
    let votes = review_vote::Entity::find()
        .filter(review_vote::Column::ReviewId.eq(now.review.id))
        .filter(review_vote::Column::UserId.eq(who.id))
        .filter(review_vote::Column::Decision.eq(Decision::Reject));
    Ok(votes.count(&**txn).await? > 0)
}

/// The release is as it was, and nothing else of it is under review.
async fn check_reopen(txn: &WriteTxn<'_>, now: &Current) -> Result<()> {
    alone::check(txn, &now.release, Some(now.review.id)).await?;
    if now.is_fresh() {
        return Ok(());
    }
    let version = &now.release.version;
    let detail = format!("version {version} has changed since; uphold this, its author can ask anew");
    Err(Error::conflict("stale", detail))
}
