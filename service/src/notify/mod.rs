//! Telling people and programs what happened. An event is one row of the outbox, written in the
//! transaction of the change (`publish`, which alone writes there); everything after it is done
//! by jobs. Decides who is told, not what happens.
pub mod http;
pub mod inbox;
pub mod mail;
pub mod recipients;
pub mod tell;
pub mod view;

use crate::{
    db::WriteTxn,
    error::Result,
    jobs::{self, Job},
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::time::Duration;
use tamis_entities::{
    event, filter, namespace, release,
    value::{NamespaceKind, NoticeKind},
};
use uuid::Uuid;

/// How long inboxes and lists of deliveries remember.
const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// One thing that happened, as it is about to be written down.
pub struct Event<'a> {
    /// The word of the audit log, such as `review.approve`.
    pub kind: String,
    pub actor: Option<Uuid>,
    pub namespace: &'a namespace::Model,
    pub filter: &'a filter::Model,
    pub release: &'a release::Model,
    /// Only who may read this review is told.
    pub review: Option<Uuid>,
    /// More of it; what is shown of that is `view::About`'s to say.
    pub detail: Value,
    /// The words of who did it, for those who are told; the audit log has none.
    pub note: Option<String>,
}

/// Of longer words the beginning is told; the review has them whole.
const MOST_WORDS: usize = 600;

fn beginning(note: &str) -> String {
    match note.char_indices().nth(MOST_WORDS) {
        Some((end, _)) => format!("{} …", note.get(..end).unwrap_or(note).trim_end()),
        None => note.to_owned(),
    }
}

impl Event<'_> {
    /// With what it is about, called as at this moment.
    fn payload(&self) -> Value {
        let mut payload = json!({
            "review": self.review, "namespace": self.namespace.handle, "filter": self.filter.name,
            "version": self.release.version, "digest": self.release.sha256,
        });
        if let (Some(all), Value::Object(more)) = (payload.as_object_mut(), &self.detail) {
            all.extend(more.clone());
        }
        if let (Some(all), Some(note)) = (payload.as_object_mut(), &self.note) {
            all.insert("note".into(), json!(beginning(note)));
        }
        payload
    }
}

/// Notes what happened in the caller's transaction; jobs tell everyone after it.
pub async fn publish(state: &State, txn: &WriteTxn<'_>, events: &[Event<'_>]) -> Result<()> {
    let (mut rows, mut jobs) = (vec![], vec![]);
    for event in events {
        let id = Uuid::now_v7();
        // The built-in filters are nobody's news.
        let known = event.kind.parse::<NoticeKind>().is_ok();
        if known && event.namespace.kind != NamespaceKind::System {
            jobs.push(Job::Tell { event: id });
        }
        rows.push(event::ActiveModel {
            id: Set(id),
            kind: Set(event.kind.clone()),
            review_id: Set(event.review),
            filter_id: Set(Some(event.filter.id)),
            namespace_id: Set(Some(event.filter.namespace_id)),
            actor_id: Set(event.actor),
            payload: Set(event.payload()),
            created_at: Set(state.clock.now()),
        });
    }
    if !rows.is_empty() {
        event::Entity::insert_many(rows).exec_without_returning(&**txn).await?;
    }
    jobs::enqueue_all(&**txn, &state.clock, &jobs).await
}

/// Events, and with them inbox items and deliveries, that nobody asks about any more.
pub async fn forget_expired(state: &State) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let old = event::Column::CreatedAt.lt(state.clock.now().minus(KEPT));
    event::Entity::delete_many().filter(old).exec(&*txn).await?;
    txn.commit().await
}
