//! Tells who may write a filter that a capability URL of it ends in 30 days, once. Safe on every
//! replica at once; a lease decides who does it.
use super::{DAY, key};
use crate::{
    error::Result,
    jobs::lease,
    notify::{self, Event},
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use std::time::Duration;
use tamis_entities::{
    capability_url, filter, namespace,
    value::{NoticeKind, Timestamp},
};
use uuid::Uuid;

const BEFORE: u32 = 30;
const AT_ONCE: u64 = 100;

pub async fn scheduled(state: &State) -> Result<()> {
    match lease::hold(state, "capability-urls", Duration::from_secs(600)).await? {
        true => run(state).await,
        false => Ok(()),
    }
}

pub async fn run(state: &State) -> Result<()> {
    let now = state.clock.now();
    let ids: Vec<Uuid> = capability_url::Entity::find()
        .select_only()
        .column(capability_url::Column::Id)
        .filter(capability_url::Column::WarnedAt.is_null())
        .filter(capability_url::Column::ExpiresAt.gt(now))
        .filter(capability_url::Column::ExpiresAt.lte(now.plus(DAY * BEFORE)))
        .order_by_asc(capability_url::Column::ExpiresAt)
        .limit(AT_ONCE)
        .into_tuple()
        .all(&*state.db)
        .await?;
    for id in ids {
        one(state, id, now).await?;
    }
    Ok(())
}

/// As it is now: it may have been renewed or revoked since.
async fn one(state: &State, id: Uuid, now: Timestamp) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let still = capability_url::Entity::find_by_id(id)
        .filter(capability_url::Column::WarnedAt.is_null())
        .filter(capability_url::Column::ExpiresAt.lte(now.plus(DAY * BEFORE)))
        .find_also_linked(key::ToRelease)
        .one(&*txn)
        .await?;
    let Some((row, Some(release))) = still else { return Ok(()) };
    let Some(filter) = filter::Entity::find_by_id(row.filter_id).one(&*txn).await? else { return Ok(()) };
    let home = namespace::Entity::find_by_id(filter.namespace_id).one(&*txn).await?;
    let Some(namespace) = home else { return Ok(()) };
    let reason = format!("the capability URL `{}` ends on {}", row.name, day(row.expires_at));
    let event = Event {
        kind: NoticeKind::CapabilityUrlEnding.to_string(),
        actor: None,
        namespace: &namespace,
        filter: &filter,
        release: &release,
        review: None,
        detail: json!({"reason": reason, "expires_at": row.expires_at}),
        note: None,
    };
    notify::publish(state, &txn, &[event]).await?;
    let told =
        capability_url::ActiveModel { id: Set(row.id), warned_at: Set(Some(now)), ..Default::default() };
    capability_url::Entity::update(told).exec(&*txn).await?;
    txn.commit().await
}

/// `2027-11-22`, UTC.
pub fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}
