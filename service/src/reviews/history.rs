//! What is kept of every act on a review: its line of history, its entry in the audit log, and
//! the event that others act on. Knows what happened, not whether it may.
use super::act::{Current, Doer, Why};
use crate::{
    audit::{self, Actor},
    db::WriteTxn,
    error::Result,
    notify::{self, Event},
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::collections::HashMap;
use tamis_entities::{
    filter, namespace, release, review, review_event,
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
    let told = why.told.or_else(|| why.note.clone());
    let name = if from == review.state && act == ReviewAct::Submit { None } else { Some(from) };
    review_event::Entity::insert(past(review, doer, act, name, why.reason, why.note, state.clock.now()))
        .exec_without_returning(&**txn)
        .await?;
    let event = Event {
        kind: format!("review.{act}"),
        actor: doer.id(),
        namespace: &now.namespace,
        filter: &now.filter,
        release: &now.release,
        review: Some(review.id),
        detail: detail.clone(),
        note: told,
    };
    notify::publish(state, txn, &[event]).await?;
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

/// The same for many reviews of one filter, ended by one change of what they speak of.
pub async fn record_superseded(
    state: &State,
    txn: &WriteTxn<'_>,
    were: &[review::Model],
    reason: &'static str,
) -> Result<()> {
    let (doer, act, at) = (Doer::System("reviews"), ReviewAct::Supersede, state.clock.now());
    let Some(first) = were.first() else { return Ok(()) };
    let lines = were.iter().map(|was| {
        let is = review::Model { state: ReviewState::Superseded, ..was.clone() };
        past(&is, doer, act, Some(was.state), Some(reason.into()), None, at)
    });
    review_event::Entity::insert_many(lines).exec_without_returning(&**txn).await?;
    let filter = filter::Entity::find_by_id(first.filter_id).one(&**txn).await?;
    let home = filter.as_ref().map_or(Uuid::nil(), |f| f.namespace_id);
    let home = namespace::Entity::find_by_id(home).one(&**txn).await?;
    let mut object = String::new();
    if let (Some(filter), Some(home)) = (&filter, &home) {
        tell_superseded(state, txn, were, reason, (home, filter)).await?;
        object = format!("filter:{}/{}", home.handle, filter.name);
    }
    let ids: Vec<_> = were.iter().map(|r| r.id).collect();
    let detail = json!({"reviews": ids, "reason": reason});
    audit::record(&**txn, &state.clock, &Actor::system("reviews"), "review.supersede", object, detail).await
}

async fn tell_superseded(
    state: &State,
    txn: &WriteTxn<'_>,
    were: &[review::Model],
    reason: &'static str,
    (namespace, filter): (&namespace::Model, &filter::Model),
) -> Result<()> {
    let ids = were.iter().map(|r| r.release_id);
    let releases = release::Entity::find().filter(release::Column::Id.is_in(ids)).all(&**txn).await?;
    let releases: HashMap<_, _> = releases.iter().map(|r| (r.id, r)).collect();
    let event = |was: &review::Model| {
        Some(Event {
            kind: format!("review.{}", ReviewAct::Supersede),
            actor: None,
            namespace,
            filter,
            release: releases.get(&was.release_id)?,
            review: Some(was.id),
            detail: json!({"action": was.action, "from": was.state, "to": ReviewState::Superseded, "reason": reason}),
            note: None,
        })
    };
    let events: Vec<_> = were.iter().filter_map(event).collect();
    notify::publish(state, txn, &events).await
}
