//! Teams: made by anyone, run by their owners. A team always has an owner.
pub mod http;
pub mod invitations;
pub mod path;
pub mod reach;
pub mod rename;
pub mod view;

use crate::{
    audit::{self, Actor},
    auth::{Identity, access::find_namespace, names},
    db::{self, WriteTxn},
    error::{Error, Result},
    offers::end,
    state::State,
    text::is_plain_line,
};
pub use rename::take_handle;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QuerySelect, sea_query::OnConflict,
};
use serde_json::json;
use tamis_entities::{
    filter, filter_transfer, grant, namespace, team, team_invitation, team_member,
    value::{MemberRole, NamespaceKind, Slug},
};
use uuid::Uuid;

fn check_title(title: &str) -> Result<()> {
    match (1..=200).contains(&title.len()) && is_plain_line(title) {
        true => Ok(()),
        false => Err(Error::invalid(
            "title",
            "1 to 200 bytes, without control characters and such as hide or turn text",
        )),
    }
}

pub async fn create(
    state: &State,
    who: &Identity,
    handle: &Slug,
    title: Option<String>,
) -> Result<team::Model> {
    let title = title.filter(|t| !t.trim().is_empty()).unwrap_or_else(|| handle.to_string());
    check_title(&title)?;
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
        source: Set(None),
    };
    let again = OnConflict::columns([team_member::Column::TeamId, team_member::Column::UserId])
        .update_columns([team_member::Column::Role, team_member::Column::Source])
        .to_owned();
    team_member::Entity::insert(row).on_conflict(again).exec_without_returning(&**txn).await?;
    Ok(())
}

/// Another title or another handle; the old handle goes on leading reads here.
pub async fn change(
    state: &State,
    who: &Identity,
    team: &namespace::Model,
    handle: Option<&Slug>,
    title: Option<&str>,
) -> Result<(namespace::Model, team::Model)> {
    if let Some(title) = title {
        check_title(title)?;
    }
    let txn = state.db.begin_write().await?;
    still_owns(&members(&txn, team.id).await?, who)?;
    let mut now = team.clone();
    if let Some(handle) = handle {
        now = rename::rename(state, &txn, who, team.id, handle).await?;
    }
    if let Some(title) = title {
        let change =
            team::ActiveModel { id: Set(team.id), title: Set(title.to_owned()), ..Default::default() };
        team::Entity::update(change).exec(&*txn).await?;
        let (object, detail) = (format!("team:{}", now.handle), json!({"title": title}));
        audit::record(&*txn, &state.clock, &Actor::from(who), "team.change", object, detail).await?;
    }
    let row = team::Entity::find_by_id(team.id).one(&*txn).await?.ok_or_else(Error::not_found)?;
    txn.commit().await?;
    state.jobs.wake();
    Ok((now, row))
}

/// Another handle for a user.
pub async fn rename_user(state: &State, who: &Identity, handle: &Slug) -> Result<namespace::Model> {
    db::retrying(async || {
        let txn = state.db.begin_write().await?;
        let now = rename::rename(state, &txn, who, who.id, handle).await?;
        txn.commit().await?;
        state.jobs.wake();
        Ok(now)
    })
    .await
}

/// Removes a team that owns nothing. Its namespace stays behind: the handle is never given to
/// another, and names of filters that were transferred away still lead to them.
pub async fn remove(state: &State, who: &Identity, team: &namespace::Model) -> Result<()> {
    let txn = state.db.begin_write().await?;
    still_owns(&members(&txn, team.id).await?, who)?;
    // Whoever makes a filter or brings one here holds this row, and looks whether the team lives.
    namespace::Entity::find_by_id(team.id).lock_exclusive().one(&*txn).await?;
    let owned = filter::Entity::find().filter(filter::Column::NamespaceId.eq(team.id)).count(&*txn).await?;
    if owned > 0 {
        let detail = format!("the team owns filters ({owned}); delete or transfer them first");
        return Err(Error::conflict("owns-filters", detail));
    }
    grant::Entity::delete_many().filter(grant::Column::SubjectId.eq(team.id)).exec(&*txn).await?;
    filter_transfer::Entity::delete_many()
        .filter(filter_transfer::Column::ReceiverId.eq(team.id))
        .exec(&*txn)
        .await?;
    team::Entity::delete_by_id(team.id).exec(&*txn).await?;
    let object = format!("team:{}", team.handle);
    audit::record(&*txn, &state.clock, &Actor::from(who), "team.delete", object, json!({})).await?;
    txn.commit().await
}

/// What somebody offered as an owner ends when they are none any more.
async fn end_offers(state: &State, txn: &WriteTxn<'_>, team: Uuid, user: Uuid) -> Result<()> {
    let now = state.clock.now();
    use filter_transfer::Column as Given;
    use team_invitation::Column as Invited;
    let invited = Condition::all().add(Invited::TeamId.eq(team)).add(Invited::CreatedBy.eq(user));
    end::<team_invitation::Entity>(txn, invited, now).await?;
    let given = Condition::all().add(Given::GiverId.eq(team)).add(Given::CreatedBy.eq(user));
    end::<filter_transfer::Entity>(txn, given, now).await?;
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
        end_offers(state, &txn, team.id, user.id).await?;
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
        end_offers(state, &txn, team.id, user.id).await?;
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

/// The team of this name and the role in it of a member. Reads follow a former handle.
pub async fn of_member(
    state: &State,
    who: &Identity,
    handle: &Slug,
    reading: bool,
) -> Result<(namespace::Model, MemberRole)> {
    let (team, former) = names::namespace(&*state.db, handle).await?.ok_or_else(Error::not_found)?;
    let role = who.role_in(team.id).filter(|_| team.kind == NamespaceKind::Team);
    let role = role.ok_or_else(Error::not_found)?;
    match former && !reading {
        true => Err(names::renamed(team.handle)),
        false => Ok((team, role)),
    }
}
