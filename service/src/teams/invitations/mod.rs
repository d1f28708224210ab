//! Invitations: owners offer a place in their team, the invited take it or not. Each is
//! answered once, lapses after a week, and ends with the ownership of who made it.
pub mod http;

use super::{members, put, still_owns};
use crate::{
    audit::{self, Actor},
    auth::{Identity, access::find_namespace},
    db::WriteTxn,
    error::{Error, Result},
    filters::view::{handle_of, handles},
    http::page::{Cursors, Page, PageQuery},
    offers::{self, end, open},
    state::State,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, Order, PaginatorTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tamis_entities::{
    namespace, team_invitation as row, team_member, user,
    value::{MemberRole, NamespaceKind, Slug, Timestamp},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// Open at once in one team.
const MOST_OPEN: u64 = 200;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user": "bob", "role": "member"}))]
pub struct InvitationRequest {
    pub user: Slug,
    pub role: MemberRole,
}

#[derive(Serialize, ToSchema)]
pub struct InvitationView {
    pub id: Uuid,
    pub team: Slug,
    pub user: Slug,
    pub role: MemberRole,
    pub created_by: Slug,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

async fn record(
    state: &State,
    txn: &WriteTxn<'_>,
    who: &Identity,
    act: &str,
    team: &Slug,
    detail: serde_json::Value,
) -> Result<()> {
    let action = format!("team.invitation.{act}");
    audit::record(&**txn, &state.clock, &Actor::from(who), &action, format!("team:{team}"), detail).await
}

/// Makes an invitation; an open one of the same person is replaced.
pub async fn invite(
    state: &State,
    who: &Identity,
    team: &namespace::Model,
    request: InvitationRequest,
) -> Result<InvitationView> {
    let nobody = || Error::invalid("user", "nobody here has this name");
    let invited = find_namespace(&*state.db, &request.user).await?;
    let invited = invited.filter(|n| n.kind == NamespaceKind::User).ok_or_else(nobody)?;
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    let members = members(&txn, team.id).await?;
    still_owns(&members, who)?;
    if members.iter().any(|m| m.user_id == invited.id) {
        let detail = format!("`{}` is a member; change their role instead", request.user);
        return Err(Error::conflict("already-member", detail));
    }
    let of_team = row::Column::TeamId.eq(team.id);
    let same = Condition::all().add(of_team.clone()).add(row::Column::UserId.eq(invited.id));
    end::<row::Entity>(&txn, same, now).await?;
    if row::Entity::find().filter(of_team).filter(open::<row::Entity>(now)).count(&*txn).await? >= MOST_OPEN {
        let detail = format!("{MOST_OPEN} invitations of this team are open; withdraw some first");
        return Err(Error::conflict("too-many-open", detail));
    }
    let new = row::Model {
        id: Uuid::now_v7(),
        team_id: team.id,
        user_id: invited.id,
        role: request.role,
        created_by: who.id,
        created_at: now,
        expires_at: now.plus(offers::LIFE),
        ended_at: None,
    };
    row::Entity::insert(new.clone().into_active_model()).exec_without_returning(&*txn).await?;
    let detail = json!({"id": new.id, "user": request.user, "role": request.role});
    record(state, &txn, who, "create", &team.handle, detail).await?;
    txn.commit().await?;
    let mut views = views(state, vec![new]).await?;
    views.pop().ok_or_else(Error::not_found)
}

async fn views(state: &State, rows: Vec<row::Model>) -> Result<Vec<InvitationView>> {
    let names = handles(&*state.db, rows.iter().flat_map(|r| [r.team_id, r.user_id, r.created_by])).await?;
    let view = |r: row::Model| InvitationView {
        id: r.id,
        team: handle_of(&names, r.team_id),
        user: handle_of(&names, r.user_id),
        role: r.role,
        created_by: handle_of(&names, r.created_by),
        created_at: r.created_at,
        expires_at: r.expires_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Whose list.
pub enum Of {
    Team(Uuid),
    Invited(Uuid),
}

pub async fn list(state: &State, who: &Identity, of: Of, page: &PageQuery) -> Result<Page<InvitationView>> {
    let (of, context) = match of {
        Of::Team(id) => (row::Column::TeamId.eq(id), format!("invitations|{}|{id}", who.id)),
        Of::Invited(id) => (row::Column::UserId.eq(id), format!("invitations|{id}")),
    };
    let cursors = Cursors { key: &state.secret, context };
    let rows = row::Entity::find().filter(of).filter(open::<row::Entity>(state.clock.now()));
    let (rows, next) = cursors.by_id(&*state.db, rows, row::Column::Id, Order::Asc, page).await?;
    Ok(Page { items: views(state, rows).await?, next })
}

/// The invited becomes a member, if who invited them may still say so.
pub async fn accept(state: &State, who: &Identity, id: Uuid) -> Result<(namespace::Model, MemberRole)> {
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    let invitation = mine(&txn, who, id, now).await?;
    let members = members(&txn, invitation.team_id).await?;
    let this = Condition::all().add(row::Column::Id.eq(id));
    if !end::<row::Entity>(&txn, this, now).await?
        || !may_invite(&txn, &members, invitation.created_by).await?
    {
        return Err(Error::not_found());
    }
    let team = namespace::Entity::find_by_id(invitation.team_id).one(&*txn).await?;
    let team = team.ok_or_else(Error::not_found)?;
    let before = members.iter().find(|m| m.user_id == who.id).map(|m| m.role);
    // Somebody who was added meanwhile loses nothing by saying yes.
    let role = before.map_or(invitation.role, |role| role.max(invitation.role));
    put(state, &txn, team.id, who.id, role).await?;
    record(state, &txn, who, "accept", &team.handle, json!({"id": id, "user": who.handle, "role": role}))
        .await?;
    txn.commit().await?;
    Ok((team, role))
}

async fn may_invite(txn: &WriteTxn<'_>, members: &[team_member::Model], by: Uuid) -> Result<bool> {
    let owns = members.iter().any(|m| m.user_id == by && m.role == MemberRole::Owner);
    let user = user::Entity::find_by_id(by).one(&**txn).await?;
    Ok(owns && user.is_some_and(|u| u.disabled_at.is_none()))
}

async fn mine(txn: &WriteTxn<'_>, who: &Identity, id: Uuid, now: Timestamp) -> Result<row::Model> {
    let own =
        row::Entity::find_by_id(id).filter(row::Column::UserId.eq(who.id)).filter(open::<row::Entity>(now));
    own.one(&**txn).await?.ok_or_else(Error::not_found)
}

pub async fn decline(state: &State, who: &Identity, id: Uuid) -> Result<()> {
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    let invitation = mine(&txn, who, id, now).await?;
    if !end::<row::Entity>(&txn, Condition::all().add(row::Column::Id.eq(id)), now).await? {
        return Err(Error::not_found());
    }
    let team = namespace::Entity::find_by_id(invitation.team_id).one(&*txn).await?;
    let team = team.ok_or_else(Error::not_found)?;
    record(state, &txn, who, "decline", &team.handle, json!({"id": id})).await?;
    txn.commit().await
}

/// An owner takes it back.
pub async fn withdraw(state: &State, who: &Identity, team: &namespace::Model, id: Uuid) -> Result<()> {
    let txn = state.db.begin_write().await?;
    still_owns(&members(&txn, team.id).await?, who)?;
    let this = Condition::all().add(row::Column::Id.eq(id)).add(row::Column::TeamId.eq(team.id));
    if !end::<row::Entity>(&txn, this, state.clock.now()).await? {
        return Err(Error::not_found());
    }
    record(state, &txn, who, "withdraw", &team.handle, json!({"id": id})).await?;
    txn.commit().await
}
