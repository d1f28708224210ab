//! What is kept of every act on a review: its line of history, its entry in the audit log, and
//! the event that others act on. Knows what happened, not whether it may.
use super::act::{Current, Doer, Why};
use crate::{
    audit::{self, Actor},
    db::WriteTxn,
    error::Result,
    filters::view::{handle_of, handles},
    state::State,
};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::{Value, json};
use tamis_entities::{
    event, filter, review, review_event,
    value::{ReviewAct, ReviewState, Timestamp},
};
use uuid::Uuid;

/// History, audit log and event: what people, auditors and machines are told.
pub async fn record(
    state: &State,
    txn: &WriteTxn<'_>,
    now: &Current,
    doer: Doer<'_>,
    act: ReviewAct,
    from: ReviewState,
    why: Why,
) -> Result<()> {
    let review = &now.review;
    let mut detail = json!({
        "review": review.id, "action": review.action, "from": from, "to": review.state,
        "digest": review.sha256, "revision": review.revision, "evidence": review.evidence,
    });
    if let (Some(all), Value::Object(more)) = (detail.as_object_mut(), why.detail) {
        all.extend(more);
    }
    if let (Some(all), Some(reason)) = (detail.as_object_mut(), &why.reason) {
        all.insert("reason".into(), json!(reason));
    }
    let name = if from == review.state && act == ReviewAct::Submit { None } else { Some(from) };
    review_event::Entity::insert(past(review, doer, act, name, why.reason, why.note, state.clock.now()))
        .exec_without_returning(&**txn)
        .await?;
    let namespace = Some(now.filter.namespace_id);
    event::Entity::insert(happened(review, act, namespace, detail.clone(), state.clock.now()))
        .exec_without_returning(&**txn)
        .await?;
    audit::record(&**txn, &state.clock, &doer.actor(), &format!("review.{act}"), now.object(), detail).await
}

fn past(
    review: &review::Model,
    doer: Doer<'_>,
    act: ReviewAct,
    from: Option<ReviewState>,
    reason: Option<String>,
    note: Option<String>,
    at: Timestamp,
) -> review_event::ActiveModel {
    review_event::ActiveModel {
        id: Set(Uuid::now_v7()),
        review_id: Set(review.id),
        act: Set(act),
        from_state: Set(from),
        to_state: Set(review.state),
        actor: Set(doer.actor().to_string()),
        actor_id: Set(doer.id()),
        reason: Set(reason),
        note: Set(note),
        evidence: Set(review.evidence.clone()),
        created_at: Set(at),
    }
}

fn happened(
    review: &review::Model,
    act: ReviewAct,
    namespace: Option<Uuid>,
    payload: Value,
    at: Timestamp,
) -> event::ActiveModel {
    event::ActiveModel {
        id: Set(Uuid::now_v7()),
        kind: Set(format!("review.{act}")),
        review_id: Set(Some(review.id)),
        filter_id: Set(Some(review.filter_id)),
        namespace_id: Set(namespace),
        payload: Set(payload),
        created_at: Set(at),
    }
}

/// The same for many reviews of one filter, ended by one change of what they speak of.
pub async fn record_superseded(
    state: &State,
    txn: &WriteTxn<'_>,
    were: &[review::Model],
    reason: &'static str,
) -> Result<()> {
    let (doer, act, at) = (Doer::System("reviews"), ReviewAct::Supersede, state.clock.now());
    let (mut lines, mut events) = (vec![], vec![]);
    let Some(first) = were.first() else { return Ok(()) };
    let filter = filter::Entity::find_by_id(first.filter_id).one(&**txn).await?;
    let home = filter.as_ref().map(|f| f.namespace_id);
    for was in were {
        let is = review::Model { state: ReviewState::Superseded, ..was.clone() };
        lines.push(past(&is, doer, act, Some(was.state), Some(reason.into()), None, at));
        let payload = json!({"review": is.id, "from": was.state, "to": is.state, "reason": reason});
        events.push(happened(&is, act, home, payload, at));
    }
    review_event::Entity::insert_many(lines).exec_without_returning(&**txn).await?;
    event::Entity::insert_many(events).exec_without_returning(&**txn).await?;
    let ids: Vec<_> = were.iter().map(|r| r.id).collect();
    let handles = handles(&**txn, home).await?;
    let name = |f: filter::Model| format!("filter:{}/{}", handle_of(&handles, f.namespace_id), f.name);
    let object = filter.map(name).unwrap_or_default();
    let detail = json!({"reviews": ids, "reason": reason});
    audit::record(&**txn, &state.clock, &Actor::system("reviews"), "review.supersede", object, detail).await
}
