//! What people do to a review besides deciding it: taking it back, taking it on, standing aside,
//! remarking, calling for attention, being there.
use super::{
    act::{self, Doer, Why},
    decide,
    moves::By,
};
use crate::{
    auth::{
        Identity, ReviewAccess,
        caller::{Via, identity},
    },
    error::{Error, Result},
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use serde_json::json;
use std::time::Duration;
use tamis_entities::{
    review, review_comment, review_presence, review_recusal,
    value::{ReviewAct, ReviewState, Role, Timestamp},
};
use uuid::Uuid;

/// How long who took a review holds it without giving a sign.
pub const LEASE: Duration = Duration::from_secs(60 * 60);
/// Who gave a sign within this is there.
pub const THERE: Duration = Duration::from_secs(2 * 60);

fn note(text: Option<String>, required: bool) -> Result<Option<String>> {
    let text = text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    match &text {
        None if required => Err(Error::invalid("note", "say why, in 1 to 10000 bytes")),
        Some(text) if text.len() > 10_000 => Err(Error::invalid("note", "at most 10000 bytes")),
        _ => Ok(text),
    }
}

/// One act that changes nothing else.
async fn plain(state: &State, found: &ReviewAccess, act: ReviewAct, why: Why) -> Result<()> {
    let who = found.access.who()?;
    let txn = state.db.begin_write().await?;
    let mut now = act::current(&txn, found.review.id).await?;
    let at = state.clock.now();
    act::make(state, &txn, &mut now, Doer::Person(who), act, why, |row| {
        if act == ReviewAct::Escalate {
            row.escalated_at = Set(Some(at));
        }
    })
    .await?;
    txn.commit().await
}

/// The submitter, or who may write the filter, takes the request back.
pub async fn withdraw(state: &State, found: &ReviewAccess) -> Result<()> {
    plain(state, found, ReviewAct::Withdraw, Why::default()).await
}

/// Calls for more eyes: administrators are told.
pub async fn escalate(state: &State, found: &ReviewAccess, text: Option<String>) -> Result<()> {
    let writes = found.access.relation.writes() || found.review.submitted_by == found.access.who()?.id;
    // A curator writes it to administrators; the author and their machines are not told.
    let why = Why { note: note(text, true)?, detail: json!({"internal": !writes}), ..Why::default() };
    plain(state, found, ReviewAct::Escalate, why).await
}

/// Who holds the review now: a lease that has run out holds nothing.
pub fn holder(review: &review::Model, now: Timestamp) -> Option<Uuid> {
    review.assignee.filter(|_| review.lease_until.is_none_or(|until| until > now))
}

/// Takes the review (for as long as a lease, renewed by being there), gives it to a curator, or
/// (none) puts it back. What somebody else holds only administrators take out of their hands.
pub async fn assign(state: &State, found: &ReviewAccess, assignee: Option<Uuid>) -> Result<()> {
    let who = found.access.who()?;
    let txn = state.db.begin_write().await?;
    let mut now = act::current(&txn, found.review.id).await?;
    let at = state.clock.now();
    let held = holder(&now.review, at).filter(|holder| *holder != who.id);
    let lease = (assignee == Some(who.id)).then(|| at.plus(LEASE));
    let why = Why { detail: json!({"assignee": assignee, "lease_until": lease}), ..Why::default() };
    act::make(state, &txn, &mut now, Doer::Person(who), ReviewAct::Assign, why, |row| {
        row.assignee = Set(assignee);
        row.lease_until = Set(lease);
    })
    .await?;
    if let Some(assignee) = assignee {
        let able = identity(&*txn, assignee, Via::Operator, None).await?;
        let about = (&now.filter, &now.release, &now.review);
        let roles = match &able {
            Some(able) => act::standing(&*txn, able, about, at).await?,
            None => vec![],
        };
        if !roles.contains(&By::Decider) {
            let detail = "a review is held by a curator who can decide it: who has no part in the work and has not stood aside";
            return Err(Error::forbidden("own-work", detail));
        }
    }
    if held.is_some() && who.role != Role::Admin {
        let detail = "another curator has taken this review; wait for its lease to end, or ask them";
        return Err(Error::conflict("review-taken", detail));
    }
    txn.commit().await
}

/// Stands aside for good: no vote of theirs counts, not even one that was cast.
pub async fn recuse(state: &State, found: &ReviewAccess, text: Option<String>) -> Result<()> {
    let who = found.access.who()?;
    let text = note(text, false)?;
    let txn = state.db.begin_write().await?;
    let mut now = act::current(&txn, found.review.id).await?;
    let mine = now.review.assignee == Some(who.id);
    let why = Why { note: text.clone(), ..Why::default() };
    let doer = Doer::Person(who);
    act::make(state, &txn, &mut now, doer, ReviewAct::Recuse, why, |row| {
        if mine {
            row.assignee = Set(None);
            row.lease_until = Set(None);
        }
    })
    .await?;
    let row = review_recusal::ActiveModel {
        review_id: Set(now.review.id),
        user_id: Set(who.id),
        note: Set(text),
        created_at: Set(state.clock.now()),
    };
    use review_recusal::Column::*;
    let once = OnConflict::columns([ReviewId, UserId]).do_nothing().to_owned();
    review_recusal::Entity::insert(row).on_conflict(once).exec_without_returning(&*txn).await?;
    let decided = matches!(now.review.state, ReviewState::ChangesRequested | ReviewState::Approved);
    if decided {
        // By the votes of the others: who stands aside decides nothing.
        decide::settle(state, &txn, &mut now, Doer::System("reviews")).await?;
    }
    txn.commit().await
}

/// A remark in the thread; an internal one is for curators only.
pub async fn comment(state: &State, found: &ReviewAccess, body: &str, internal: bool) -> Result<()> {
    let (who, text) = (found.access.who()?, body.trim());
    if text.is_empty() || text.len() > 10_000 {
        return Err(Error::invalid("body", "1 to 10000 bytes"));
    }
    let txn = state.db.begin_write().await?;
    let mut now = act::current(&txn, found.review.id).await?;
    let about = (&now.filter, &now.release, &now.review);
    let roles = act::standing(&*txn, who, about, state.clock.now()).await?;
    // An author who is a curator elsewhere is the author here.
    if internal && (!roles.contains(&By::Curator) || roles.contains(&By::Author)) {
        return Err(Error::forbidden(
            "role",
            "internal remarks are for curators who have no part in the work",
        ));
    }
    let why = Why { detail: json!({"internal": internal}), ..Why::default() };
    act::make(state, &txn, &mut now, Doer::Person(who), ReviewAct::Comment, why, |_| {}).await?;
    let row = review_comment::ActiveModel {
        id: Set(Uuid::now_v7()),
        review_id: Set(found.review.id),
        user_id: Set(who.id),
        body: Set(text.to_owned()),
        created_at: Set(state.clock.now()),
        internal: Set(internal),
    };
    review_comment::Entity::insert(row).exec_without_returning(&*txn).await?;
    txn.commit().await
}

/// A sign of being there; it renews the lease of who holds the review. Not an act: no history.
pub async fn be_there(state: &State, found: &ReviewAccess) -> Result<()> {
    let who: &Identity = found.access.who()?;
    let (txn, at) = (state.db.begin_write().await?, state.clock.now());
    let row = review_presence::ActiveModel {
        review_id: Set(found.review.id),
        user_id: Set(who.id),
        seen_at: Set(at),
    };
    use review_presence::Column::*;
    let again = OnConflict::columns([ReviewId, UserId]).update_column(SeenAt).to_owned();
    review_presence::Entity::insert(row).on_conflict(again).exec_without_returning(&*txn).await?;
    review_presence::Entity::delete_many()
        .filter(ReviewId.eq(found.review.id))
        .filter(SeenAt.lt(at.minus(LEASE)))
        .exec(&*txn)
        .await?;
    // A lease that has run out is not renewed: somebody else may have counted on its end.
    if holder(&found.review, at) == Some(who.id) {
        act::renew(&txn, found.review.id, who.id, at.plus(LEASE)).await?;
    }
    txn.commit().await
}
