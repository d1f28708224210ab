//! Messages to webhooks: made in the transaction that tells everyone, or by somebody who asks for
//! one; listed with how they went. Sending is `send`'s.
use super::view::DeliveryView;
use crate::{
    db::WriteTxn,
    error::{Error, Result},
    http::page::{Cursors, Page, PageQuery},
    jobs::{self, Job},
    notify::view::About,
    state::State,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, Order, QueryFilter, QuerySelect, QueryTrait,
};
use serde_json::{Value, json};
use std::time::Duration;
use tamis_entities::{
    event, filter,
    value::{DeliveryState, Timestamp},
    webhook, webhook_delivery,
};
use uuid::Uuid;

/// How long lists of deliveries remember; those of events go with the events.
const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// The body of a message, as the Standard Webhooks specification recommends it.
fn body(kind: &str, at: Timestamp, data: &Value) -> Result<String> {
    Ok(serde_json::to_string(&json!({"type": kind, "timestamp": at, "data": data}))?)
}

fn row(hook: Uuid, event: Option<Uuid>, kind: &str, body: String, now: Timestamp) -> webhook_delivery::Model {
    webhook_delivery::Model {
        id: Uuid::now_v7(),
        webhook_id: hook,
        event_id: event,
        kind: kind.to_owned(),
        body,
        state: DeliveryState::Pending,
        attempts: 0,
        next_at: Some(now),
        last_status: None,
        last_error: None,
        created_at: now,
        delivered_at: None,
    }
}

async fn put(state: &State, txn: &WriteTxn<'_>, row: webhook_delivery::Model) -> Result<()> {
    let job = Job::SendWebhook { delivery: row.id };
    webhook_delivery::Entity::insert(row.into_active_model()).exec_without_returning(&**txn).await?;
    jobs::enqueue(&**txn, &state.clock, &job).await
}

/// A message to each webhook of the filter's namespace that wants to know.
pub async fn tell(
    state: &State,
    txn: &WriteTxn<'_>,
    event: &event::Model,
    filter: &filter::Model,
) -> Result<()> {
    let told = webhook_delivery::Entity::find()
        .select_only()
        .column(webhook_delivery::Column::WebhookId)
        .filter(webhook_delivery::Column::EventId.eq(event.id));
    let hooks = webhook::Entity::find()
        .filter(webhook::Column::NamespaceId.eq(filter.namespace_id))
        .filter(webhook::Column::Enabled.eq(true))
        .filter(webhook::Column::Id.not_in_subquery(told.into_query()));
    let wants = |hook: &webhook::Model| hook.kinds.0.is_empty() || hook.kinds.0.contains(&event.kind);
    let hooks: Vec<_> = hooks.all(&**txn).await?.into_iter().filter(wants).collect();
    let (mut rows, mut jobs) = (vec![], vec![]);
    if !hooks.is_empty() {
        let about: About = serde_json::from_value(event.payload.clone())?;
        let body = body(&event.kind, event.created_at, &serde_json::to_value(about)?)?;
        for hook in hooks {
            let row = row(hook.id, Some(event.id), &event.kind, body.clone(), state.clock.now());
            jobs.push(Job::SendWebhook { delivery: row.id });
            rows.push(row.into_active_model());
        }
        webhook_delivery::Entity::insert_many(rows).exec_without_returning(&**txn).await?;
    }
    jobs::enqueue_all(&**txn, &state.clock, &jobs).await
}

/// A message that says nothing, to see whether it arrives.
pub async fn ping(state: &State, hook: &webhook::Model) -> Result<webhook_delivery::Model> {
    let now = state.clock.now();
    let message = row(hook.id, None, "ping", body("ping", now, &json!({"webhook": hook.id}))?, now);
    let txn = state.db.begin_write().await?;
    put(state, &txn, message.clone()).await?;
    txn.commit().await?;
    Ok(message)
}

pub async fn find(state: &State, hook: &webhook::Model, id: Uuid) -> Result<webhook_delivery::Model> {
    let row =
        webhook_delivery::Entity::find_by_id(id).filter(webhook_delivery::Column::WebhookId.eq(hook.id));
    row.one(&*state.db).await?.ok_or_else(Error::not_found)
}

/// Sends a message again from the beginning, whatever became of it; one that is on its way stays so.
pub async fn again(state: &State, hook: &webhook::Model, id: Uuid) -> Result<webhook_delivery::Model> {
    find(state, hook, id).await?;
    let txn = state.db.begin_write().await?;
    let fresh = webhook_delivery::ActiveModel {
        state: Set(DeliveryState::Pending),
        attempts: Set(0),
        next_at: Set(Some(state.clock.now())),
        delivered_at: Set(None),
        ..Default::default()
    };
    let done = webhook_delivery::Entity::update_many()
        .set(fresh)
        .filter(webhook_delivery::Column::Id.eq(id))
        .filter(webhook_delivery::Column::State.ne(DeliveryState::Pending))
        .exec(&*txn)
        .await?;
    if done.rows_affected > 0 {
        jobs::enqueue(&*txn, &state.clock, &Job::SendWebhook { delivery: id }).await?;
    }
    txn.commit().await?;
    find(state, hook, id).await
}

pub async fn list(state: &State, hook: &webhook::Model, page: &PageQuery) -> Result<Page<DeliveryView>> {
    let cursors = Cursors { key: &state.secret, context: format!("deliveries|{}", hook.id) };
    let rows = webhook_delivery::Entity::find().filter(webhook_delivery::Column::WebhookId.eq(hook.id));
    let id = webhook_delivery::Column::Id;
    let (rows, next) = cursors.by_id(&*state.db, rows, id, Order::Desc, page).await?;
    Ok(Page { items: rows.into_iter().map(Into::into).collect(), next })
}

pub async fn forget_expired(state: &State) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let old = webhook_delivery::Column::CreatedAt.lt(state.clock.now().minus(KEPT));
    webhook_delivery::Entity::delete_many().filter(old).exec(&*txn).await?;
    txn.commit().await
}
