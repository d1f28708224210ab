//! Transfers: an owner offers a filter to another namespace, who maintains that one takes it
//! or not. The filter keeps its releases, grants and tombstones; its old path leads reads to
//! it for ever, and no other filter gets it.
pub mod accept;
pub mod http;

use crate::{
    audit::{self, Actor},
    auth::{FilterAccess, Identity, access, names},
    db::WriteTxn,
    error::{Error, Result},
    http::page::{Cursors, Page, PageQuery},
    offers::{self, end, open},
    state::State,
    teams::rename::hold_living,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, Order, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tamis_entities::{
    filter, filter_transfer as row,
    value::{MemberRole, NamespaceKind, Slug, Timestamp},
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::{handle_of, handles};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"to": "acme"}))]
pub struct TransferRequest {
    /// The user or team that shall have the filter.
    pub to: Slug,
}

#[derive(Serialize, ToSchema)]
pub struct TransferView {
    pub id: Uuid,
    pub namespace: Slug,
    pub filter: Slug,
    pub to: Slug,
    pub created_by: Slug,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Offers the filter. One offer at a time.
pub async fn offer(state: &State, access: &FilterAccess, to: &Slug) -> Result<TransferView> {
    let who = access.who()?;
    who.in_person()?;
    let wrong = || Error::invalid("to", "the handle of a user or team here");
    let (receiver, former) = names::namespace(&*state.db, to).await?.ok_or_else(wrong)?;
    if former || matches!(receiver.kind, NamespaceKind::System | NamespaceKind::Robot) {
        return Err(wrong());
    }
    if receiver.id == access.namespace.id {
        return Err(Error::invalid("to", "the filter is there already"));
    }
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    let filter = access::relock_filter(&*txn, &access.filter).await?;
    hold_living(&txn, receiver.id).await.map_err(|_| wrong())?;
    let before =
        row::Entity::find().filter(row::Column::FilterId.eq(filter.id)).filter(open::<row::Entity>(now));
    if before.one(&*txn).await?.is_some() {
        let detail = "this filter has been offered already; withdraw that offer first";
        return Err(Error::conflict("transfer-open", detail));
    }
    let new = row::Model {
        id: Uuid::now_v7(),
        filter_id: filter.id,
        giver_id: filter.namespace_id,
        receiver_id: receiver.id,
        created_by: who.id,
        created_at: now,
        expires_at: now.plus(offers::LIFE),
        ended_at: None,
    };
    row::Entity::insert(new.clone().into_active_model()).exec_without_returning(&*txn).await?;
    let detail = json!({"id": new.id, "to": receiver.handle});
    record(state, &txn, who, "offer", &access.name(), detail).await?;
    txn.commit().await?;
    first(state, vec![new]).await
}

async fn record(
    state: &State,
    txn: &WriteTxn<'_>,
    who: &Identity,
    act: &str,
    name: &str,
    detail: serde_json::Value,
) -> Result<()> {
    let (action, object) = (format!("filter.transfer.{act}"), format!("filter:{name}"));
    audit::record(&**txn, &state.clock, &Actor::from(who), &action, object, detail).await
}

async fn first(state: &State, rows: Vec<row::Model>) -> Result<TransferView> {
    views(state, rows).await?.into_iter().next().ok_or_else(Error::not_found)
}

async fn views(state: &State, rows: Vec<row::Model>) -> Result<Vec<TransferView>> {
    let people =
        handles(&*state.db, rows.iter().flat_map(|r| [r.giver_id, r.receiver_id, r.created_by])).await?;
    let ids = rows.iter().map(|r| r.filter_id);
    let filters = filter::Entity::find().filter(filter::Column::Id.is_in(ids)).all(&*state.db).await?;
    let view = |r: row::Model| {
        let filter = filters.iter().find(|f| f.id == r.filter_id)?;
        Some(TransferView {
            id: r.id,
            namespace: handle_of(&people, r.giver_id),
            filter: filter.name.clone(),
            to: handle_of(&people, r.receiver_id),
            created_by: handle_of(&people, r.created_by),
            created_at: r.created_at,
            expires_at: r.expires_at,
        })
    };
    Ok(rows.into_iter().filter_map(view).collect())
}

/// The open offer of a filter.
pub async fn current(state: &State, access: &FilterAccess) -> Result<TransferView> {
    let of = row::Entity::find().filter(row::Column::FilterId.eq(access.filter.id));
    let found = of.filter(open::<row::Entity>(state.clock.now())).one(&*state.db).await?;
    first(state, vec![found.ok_or_else(Error::not_found)?]).await
}

pub async fn withdraw(state: &State, access: &FilterAccess) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let filter = access::relock_filter(&*txn, &access.filter).await?;
    let this = Condition::all().add(row::Column::FilterId.eq(filter.id));
    if !end::<row::Entity>(&txn, this, state.clock.now()).await? {
        return Err(Error::not_found());
    }
    record(state, &txn, access.who()?, "withdraw", &access.name(), json!({})).await?;
    txn.commit().await
}

/// The namespaces that this person may take filters into.
fn receives(who: &Identity) -> Vec<Uuid> {
    let takes = |id: &Uuid| who.role_in(*id) >= Some(MemberRole::Maintainer);
    who.namespaces().into_iter().filter(takes).collect()
}

/// The open offers that this person can answer.
pub async fn list(state: &State, who: &Identity, page: &PageQuery) -> Result<Page<TransferView>> {
    let cursors = Cursors { key: &state.secret, context: format!("transfers|{}", who.id) };
    let rows =
        row::Entity::find()
            .filter(row::Column::ReceiverId.is_in(receives(who)))
            .filter(open::<row::Entity>(state.clock.now()));
    let (rows, next) = cursors.by_id(&*state.db, rows, row::Column::Id, Order::Asc, page).await?;
    Ok(Page { items: views(state, rows).await?, next })
}

pub async fn decline(state: &State, who: &Identity, id: Uuid) -> Result<()> {
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    let offered = accept::offered(&*txn, who, id, now).await?;
    let filter = filter::Entity::find_by_id(offered.filter_id).one(&*txn).await?;
    if !end::<row::Entity>(&txn, Condition::all().add(row::Column::Id.eq(id)), now).await? {
        return Err(Error::not_found());
    }
    let name = filter.map_or_else(String::new, |f| f.name.to_string());
    let giver = tamis_entities::namespace::Entity::find_by_id(offered.giver_id).one(&*txn).await?;
    let name = format!("{}/{name}", giver.map_or_else(Slug::ghost, |n| n.handle));
    record(state, &txn, who, "decline", &name, json!({"id": id})).await?;
    txn.commit().await
}
