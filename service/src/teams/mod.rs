//! Teams: made by anyone, run by their owners. A team always has an owner.
pub mod http;

use crate::{
    audit::{self, Actor},
    auth::{Identity, access::find_namespace},
    db::WriteTxn,
    error::{Error, Result},
    state::State,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    sea_query::OnConflict,
};
use serde_json::json;
use tamis_entities::{
    namespace, team, team_member,
    value::{MemberRole, NamespaceKind, Slug},
};
use uuid::Uuid;

/// Takes a handle for a user, a team or the system itself.
pub async fn take_handle(
    state: &State,
    txn: &WriteTxn<'_>,
    handle: &Slug,
    kind: NamespaceKind,
) -> Result<namespace::Model> {
    if handle.is_reserved() && kind != NamespaceKind::System {
        return Err(Error::invalid("handle", format!("`{handle}` is reserved")));
    }
    let taken = namespace::Entity::find()
        .filter(namespace::Column::Skeleton.eq(handle.skeleton()))
        .one(&**txn)
        .await?;
    if let Some(other) = taken {
        let detail = match other.handle == *handle {
            true => format!("`{handle}` is taken"),
            false => format!("`{}` is taken, and `{handle}` would be mistaken for it", other.handle),
        };
        return Err(Error::conflict("handle-taken", detail));
    }
    let row = namespace::Model {
        id: Uuid::now_v7(),
        handle: handle.clone(),
        skeleton: handle.skeleton(),
        kind,
        created_at: state.clock.now(),
    };
    namespace::Entity::insert(row.clone().into_active_model()).exec_without_returning(&**txn).await?;
    Ok(row)
}

pub async fn create(
    state: &State,
    who: &Identity,
    handle: &Slug,
    title: Option<String>,
) -> Result<team::Model> {
    let title = title.filter(|t| !t.trim().is_empty()).unwrap_or_else(|| handle.to_string());
    if title.len() > 200 {
        return Err(Error::invalid("title", "at most 200 bytes"));
    }
    let txn = state.db.begin_write().await?;
    let namespace = take_handle(state, &txn, handle, NamespaceKind::Team).await?;
    let row =
        team::Model { id: namespace.id, meshery_id: Uuid::new_v4(), title, created_at: namespace.created_at };
    team::Entity::insert(row.clone().into_active_model()).exec_without_returning(&*txn).await?;
    put(state, &txn, row.id, who.id, MemberRole::Owner).await?;
    audit::record(&*txn, &state.clock, &Actor::from(who), "team.create", format!("team:{handle}"), json!({}))
        .await?;
    txn.commit().await?;
    Ok(row)
}

async fn put(state: &State, txn: &WriteTxn<'_>, team: Uuid, user: Uuid, role: MemberRole) -> Result<()> {
    let row = team_member::ActiveModel {
        team_id: Set(team),
        user_id: Set(user),
        role: Set(role),
        created_at: Set(state.clock.now()),
    };
    let again = OnConflict::columns([team_member::Column::TeamId, team_member::Column::UserId])
        .update_column(team_member::Column::Role)
        .to_owned();
    team_member::Entity::insert(row).on_conflict(again).exec_without_returning(&**txn).await?;
    Ok(())
}

/// The members, with the team's row locked so that two changes take turns.
pub async fn members(txn: &WriteTxn<'_>, team: Uuid) -> Result<Vec<team_member::Model>> {
    team::Entity::find_by_id(team).lock_exclusive().one(&**txn).await?;
    Ok(team_member::Entity::find().filter(team_member::Column::TeamId.eq(team)).all(&**txn).await?)
}

fn keeps_an_owner(members: &[team_member::Model], leaving: Uuid) -> Result<()> {
    match members.iter().any(|m| m.role == MemberRole::Owner && m.user_id != leaving) {
        true => Ok(()),
        false => Err(Error::conflict(
            "last-owner",
            "a team keeps at least one owner; make somebody else owner first",
        )),
    }
}

/// Asked again under the lock: whoever was removed a moment ago changes nothing any more.
fn still_owns(members: &[team_member::Model], who: &Identity) -> Result<()> {
    match members.iter().any(|m| m.user_id == who.id && m.role == MemberRole::Owner) {
        true => Ok(()),
        false => Err(Error::forbidden("role", "only owners of the team change its members")),
    }
}

pub async fn set_member(
    state: &State,
    who: &Identity,
    team: &namespace::Model,
    user: &namespace::Model,
    role: MemberRole,
) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let members = members(&txn, team.id).await?;
    still_owns(&members, who)?;
    let was = members.iter().find(|m| m.user_id == user.id).map(|m| m.role);
    if was == Some(MemberRole::Owner) && role != MemberRole::Owner {
        keeps_an_owner(&members, user.id)?;
    }
    put(state, &txn, team.id, user.id, role).await?;
    let detail = json!({"user": user.handle, "role": role});
    audit::record(
        &*txn,
        &state.clock,
        &Actor::from(who),
        "team.member.set",
        format!("team:{}", team.handle),
        detail,
    )
    .await?;
    txn.commit().await
}

pub async fn remove_member(
    state: &State,
    who: &Identity,
    team: &namespace::Model,
    user: &namespace::Model,
) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let members = members(&txn, team.id).await?;
    if user.id != who.id {
        still_owns(&members, who)?;
    }
    let member = members.iter().find(|m| m.user_id == user.id).ok_or_else(Error::not_found)?;
    if member.role == MemberRole::Owner {
        keeps_an_owner(&members, user.id)?;
    }
    team_member::Entity::delete_by_id((team.id, user.id)).exec(&*txn).await?;
    let detail = json!({"user": user.handle});
    audit::record(
        &*txn,
        &state.clock,
        &Actor::from(who),
        "team.member.remove",
        format!("team:{}", team.handle),
        detail,
    )
    .await?;
    txn.commit().await
}

pub async fn find(state: &State, handle: &Slug, kind: NamespaceKind) -> Result<namespace::Model> {
    find_namespace(&*state.db, handle).await?.filter(|n| n.kind == kind).ok_or_else(Error::not_found)
}
