//! What a reviewer looks at beyond the checks: items for each plugin type, required or suggested,
//! ticked by each reviewer for themselves.
use super::act::{self, Doer};
use crate::{
    auth::ReviewAccess,
    error::{Error, Result},
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use std::collections::BTreeSet;
use tamis_entities::{review_tick, value::PluginType};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChecklistRequest {
    /// The ids of all items that you have seen to; others are unticked.
    #[schema(max_items = 32)]
    pub ticked: Vec<String>,
}

pub struct Item {
    pub id: &'static str,
    pub text: &'static str,
    pub required: bool,
    /// Empty: whatever the type.
    pub types: &'static [PluginType],
}

const fn item(id: &'static str, required: bool, types: &'static [PluginType], text: &'static str) -> Item {
    Item { id, text, required, types }
}

const HTTP: &[PluginType] = &[PluginType::Http];
const NETWORK: &[PluginType] = &[PluginType::Network];
const SERVICE: &[PluginType] = &[PluginType::Service];

const ITEMS: &[Item] = &[
    item("summary-true", true, &[], "Summary and README say what it does"),
    item("powers-needed", true, &[], "Everything that it can do is needed for what it says"),
    item("destinations-documented", true, HTTP, "Every destination is documented"),
    item("fails-closed", true, HTTP, "Fails closed when it must"),
    item("bodies-bounded", false, HTTP, "Bounds what it buffers of bodies"),
    item("half-closed", true, NETWORK, "Copes with half-closed connections"),
    item("backpressure", false, NETWORK, "Holds back what its peer cannot take"),
    item("timer-rate", true, SERVICE, "Its timer runs no more often than needed"),
    item("queues-drained", false, SERVICE, "Shared queues are drained by somebody"),
    item("limits-calls", false, &[], "Limits what it calls out to"),
];

/// What is to be looked at in a module of this type.
pub fn items(of: Option<PluginType>) -> impl Iterator<Item = &'static Item> {
    ITEMS.iter().filter(move |i| i.types.is_empty() || of.is_none_or(|t| i.types.contains(&t)))
}

/// Replaces the caller's ticks.
pub async fn tick(state: &State, found: &ReviewAccess, request: ChecklistRequest) -> Result<()> {
    let who = found.access.who()?;
    let wanted: BTreeSet<_> = request.ticked.into_iter().collect();
    let known: Vec<_> = items(found.release.metadata.plugin_type).map(|i| i.id).collect();
    if let Some(other) = wanted.iter().find(|id| !known.contains(&id.as_str())) {
        let help = format!("there is no item `{other}`; items are {}", known.join(", "));
        return Err(Error::invalid("ticked", help));
    }
    let txn = state.db.begin_write().await?;
    let now = act::current(&txn, found.review.id).await?;
    act::check(state, &txn, &now, Doer::Person(who), tamis_entities::value::ReviewAct::Tick).await?;
    review_tick::Entity::delete_many()
        .filter(review_tick::Column::ReviewId.eq(now.review.id))
        .filter(review_tick::Column::UserId.eq(who.id))
        .exec(&*txn)
        .await?;
    let at = state.clock.now();
    let rows = wanted.into_iter().map(|item| review_tick::ActiveModel {
        review_id: Set(now.review.id),
        user_id: Set(who.id),
        item: Set(item),
        created_at: Set(at),
    });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        review_tick::Entity::insert_many(rows).exec_without_returning(&*txn).await?;
    }
    txn.commit().await
}
