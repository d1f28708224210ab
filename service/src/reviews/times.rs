//! What the clock does to reviews: requests that nobody decides end, and those that are overdue
//! are escalated, once. Safe on every replica at once; a lease decides who does it.
use super::act::{self, Doer, Why};
use crate::{error::Result, jobs::lease, state::State};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::time::Duration;
use tamis_entities::{
    review,
    value::{ReviewAct, ReviewState},
};
use uuid::Uuid;

const AT_ONCE: u64 = 100;

pub async fn scheduled(state: &State) -> Result<()> {
    if lease::hold(state, "review-times", Duration::from_secs(120)).await? {
        run(state).await
    } else {
        Ok(())
    }
}

pub async fn run(state: &State) -> Result<()> {
    let now = state.clock.now();
    let old = Condition::all()
        .add(review::Column::State.is_in(super::OPEN.iter().copied()))
        .add(review::Column::ExpiresAt.lte(now));
    each(state, old, ReviewAct::Expire).await?;
    let late = Condition::all()
        .add(review::Column::State.is_in([ReviewState::InReview, ReviewState::BlockedByChecks]))
        .add(review::Column::DueAt.lt(now))
        .add(review::Column::EscalatedAt.is_null());
    each(state, late, ReviewAct::Escalate).await
}

/// One transaction each: nobody waits for all of them.
async fn each(state: &State, which: Condition, act: ReviewAct) -> Result<()> {
    let ids: Vec<Uuid> = review::Entity::find()
        .select_only()
        .column(review::Column::Id)
        .filter(which)
        .order_by_asc(review::Column::Id)
        .limit(AT_ONCE)
        .into_tuple()
        .all(&*state.db)
        .await?;
    for id in ids {
        if let Err(error) = one(state, id, act).await {
            tracing::warn!(review = %id, %act, %error, "a review was left for the next time");
        }
    }
    Ok(())
}

async fn one(state: &State, id: Uuid, act: ReviewAct) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let mut now = act::current(&txn, id).await?;
    let at = state.clock.now();
    // As it is now: it may have been sent back or put off since.
    let still = match act {
        ReviewAct::Expire => now.review.expires_at.is_some_and(|end| end <= at),
        _ => now.review.due_at.is_some_and(|due| due < at) && now.review.escalated_at.is_none(),
    };
    if !still {
        return Ok(());
    }
    let reason = if act == ReviewAct::Expire { "nobody decided in time" } else { "overdue" };
    let why = Why { reason: Some(reason.into()), ..Why::default() };
    act::make(state, &txn, &mut now, Doer::System("reviews"), act, why, |row| {
        if act == ReviewAct::Escalate {
            row.escalated_at = Set(Some(at));
        }
    })
    .await?;
    txn.commit().await
}
