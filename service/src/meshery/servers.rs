//! The Meshery Servers that are known here: met at the login page, let in, renamed and cut off by
//! administrators. What a Server says of itself is kept as it says it, and decides nothing.
use super::sessions;
use crate::{
    audit::{self, Actor},
    auth::{Identity, identity::Via},
    db::WriteTxn,
    error::{Error, Result},
    state::State,
    text::is_plain_line,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, OnConflict},
};
use serde_json::{Value, json};
use tamis_entities::{
    meshery_server as server, meshery_session as login,
    value::{MesheryServerState as Is, Timestamp},
};
use uuid::Uuid;

/// Servers that wait to be let in; anybody who is signed in can add one.
const MOST_PENDING: u64 = 200;

pub async fn by_origin(state: &State, origin: &str) -> Result<Option<server::Model>> {
    Ok(server::Entity::find().filter(server::Column::Origin.eq(origin)).one(&*state.db).await?)
}

pub async fn list(state: &State) -> Result<Vec<server::Model>> {
    let all = server::Entity::find().order_by_desc(server::Column::CreatedAt);
    Ok(all.limit(1000).all(&*state.db).await?)
}

/// A Server that somebody comes from: let in if an administrator says so, noted else. One that was decided
/// about stays as it is.
pub async fn meet(state: &State, who: &Identity, origin: &str) -> Result<()> {
    let (admin, now) = (who.administers(), state.clock.now());
    let txn = state.db.begin_write().await?;
    let pending = server::Entity::find().filter(server::Column::State.eq(Is::Pending)).count(&*txn).await?;
    if !admin && pending >= MOST_PENDING {
        let detail = "many Meshery Servers wait to be let in already; ask an administrator in person";
        return Err(Error::conflict("too-many-pending", detail));
    }
    let row = server::Model {
        id: Uuid::now_v7(),
        origin: origin.to_owned(),
        name: origin.to_owned(),
        state: if admin { Is::Approved } else { Is::Pending },
        instance_id: None,
        version: None,
        build: None,
        requested_by: Some(who.id),
        decided_by: admin.then_some(who.id),
        created_at: now,
        last_seen_at: None,
    };
    let first = OnConflict::column(server::Column::Origin).do_nothing().to_owned();
    server::Entity::insert(row.into_active_model()).on_conflict(first).exec_without_returning(&*txn).await?;
    let found = server::Entity::find().filter(server::Column::Origin.eq(origin)).one(&*txn).await?;
    let found = found.ok_or_else(|| Error::internal("a server vanished"))?;
    if admin && found.state == Is::Pending {
        let change = server::ActiveModel {
            id: Set(found.id),
            state: Set(Is::Approved),
            decided_by: Set(Some(who.id)),
            ..Default::default()
        };
        server::Entity::update(change).exec(&*txn).await?;
    }
    let action = if admin { "meshery.server.approve" } else { "meshery.server.request" };
    let object = format!("meshery-server:{origin}");
    audit::record(&*txn, &state.clock, &Actor::from(who), action, object, json!({})).await?;
    txn.commit().await
}

/// What an administrator does to a Server. Cutting one off ends every login from it with the same stroke.
pub async fn decide(
    state: &State,
    who: &Identity,
    id: Uuid,
    to: Option<Is>,
    name: Option<String>,
) -> Result<()> {
    let name = name.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
    if name.as_ref().is_some_and(|n| n.len() > 200 || !is_plain_line(n)) {
        return Err(Error::invalid("name", "at most 200 bytes in one line"));
    }
    let txn = state.db.begin_write().await?;
    let found = server::Entity::find_by_id(id).lock_exclusive().one(&*txn).await?;
    let found = found.ok_or_else(Error::not_found)?;
    let to = to.unwrap_or(found.state);
    let mut change = server::ActiveModel { id: Set(id), state: Set(to), ..Default::default() };
    if found.state != to {
        change.decided_by = Set(Some(who.id));
    }
    if let Some(name) = &name {
        change.name = Set(name.clone());
    }
    server::Entity::update(change).exec(&*txn).await?;
    let mut ended = 0;
    if to == Is::CutOff {
        let from_it = Condition::any()
            .add(login::Column::ServerId.eq(id))
            .add(login::Column::Origin.eq(found.origin.as_str()));
        ended = sessions::end(state, &txn, from_it).await?;
    }
    let action = format!("meshery.server.{}", if found.state == to { "rename" } else { to.as_str() });
    let detail = json!({"name": name, "logins_ended": ended});
    let object = format!("meshery-server:{}", found.origin);
    audit::record(&*txn, &state.clock, &Actor::from(who), &action, object, detail).await?;
    txn.commit().await
}

/// Somebody logs in from there, or goes on to use it.
pub async fn seen(txn: &WriteTxn<'_>, origin: &str, now: Timestamp) -> Result<()> {
    server::Entity::update_many()
        .col_expr(server::Column::LastSeenAt, Expr::value(now))
        .filter(server::Column::Origin.eq(origin))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// The origin that the login of this caller came from.
async fn origin_of(state: &State, who: &Identity) -> Result<Option<(String, Option<Uuid>)>> {
    let Via::Meshery(id) = who.via else { return Ok(None) };
    let row = login::Entity::find_by_id(id).one(&*state.db).await?;
    Ok(row.map(|row| (row.origin, row.server_id)))
}

fn said(metadata: &Value, name: &str) -> Option<String> {
    let text = metadata[name].as_str()?;
    (!text.is_empty() && text.len() <= 300 && is_plain_line(text)).then(|| text.to_owned())
}

/// What a Server says of itself after a login. It is believed about itself alone: the row is that of the
/// origin from which the login came, whatever location it names.
pub async fn register(state: &State, who: &Identity, metadata: &Value) -> Result<()> {
    let Some((origin, known)) = origin_of(state, who).await? else { return Ok(()) };
    let (now, id) = (state.clock.now(), known.unwrap_or_else(Uuid::now_v7));
    let row = server::Model {
        id,
        name: origin.clone(),
        origin,
        // Only somebody's own machine comes here without a row.
        state: Is::Approved,
        instance_id: said(metadata, "server_id"),
        version: said(metadata, "server_version"),
        build: said(metadata, "server_build_sha"),
        requested_by: Some(who.id),
        decided_by: None,
        created_at: now,
        last_seen_at: Some(now),
    };
    use server::Column::{Build, InstanceId, LastSeenAt, Origin, Version};
    let again =
        OnConflict::column(Origin).update_columns([InstanceId, Version, Build, LastSeenAt]).to_owned();
    let txn = state.db.begin_write().await?;
    server::Entity::insert(row.into_active_model()).on_conflict(again).exec_without_returning(&*txn).await?;
    txn.commit().await
}

/// The Servers that this person has logged in from.
pub async fn of_person(state: &State, who: &Identity) -> Result<Vec<server::Model>> {
    let logins = login::Entity::find()
        .select_only()
        .column(login::Column::Origin)
        .distinct()
        .filter(login::Column::UserId.eq(who.id))
        .limit(1000)
        .into_tuple::<String>()
        .all(&*state.db)
        .await?;
    let rows = server::Entity::find().filter(server::Column::Origin.is_in(logins));
    Ok(rows.order_by_asc(server::Column::Id).all(&*state.db).await?)
}
