//! Robots: accounts that work for a team. They act by token alone, own nothing and decide
//! nothing. A robot that is removed leaves its handle behind, so that what it did keeps its name.
pub mod http;
pub mod path;

use crate::{
    audit::{self, Actor},
    auth::{Identity, access::find_namespace},
    db::WriteTxn,
    error::{Error, Result},
    filters::view::{handle_of, handles},
    state::State,
    teams::{self, take_handle},
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;
use tamis_entities::{
    namespace, team_member, user,
    value::{MemberRole, NamespaceKind, Role, Slug, Timestamp},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// More than anybody needs; each takes a handle for ever.
const MOST: usize = 50;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"handle": "acme-ci", "role": "maintainer"}))]
pub struct RobotRequest {
    pub handle: Slug,
    /// `maintainer` writes the team's filters, `member` reads them. A robot owns nothing.
    pub role: MemberRole,
}

#[derive(Serialize, ToSchema)]
pub struct RobotView {
    pub handle: Slug,
    pub role: MemberRole,
    pub created_at: Timestamp,
}

/// Asked again under the team's lock.
async fn still_maintains(txn: &WriteTxn<'_>, who: &Identity, team: &namespace::Model) -> Result<usize> {
    let members = teams::members(txn, team.id).await?;
    match members.iter().any(|m| m.user_id == who.id && m.role >= MemberRole::Maintainer) {
        true => Ok(members.len()),
        false => Err(not_yours()),
    }
}

fn not_yours() -> Error {
    Error::forbidden("role", "only owners and maintainers of the team manage its robots")
}

pub async fn create(
    state: &State,
    who: &Identity,
    team: &namespace::Model,
    request: RobotRequest,
) -> Result<RobotView> {
    let RobotRequest { handle, role } = request;
    if role == MemberRole::Owner {
        return Err(Error::invalid("role", "a robot is a maintainer or a member; people own teams"));
    }
    let txn = state.db.begin_write().await?;
    still_maintains(&txn, who, team).await?;
    let robots = user::Entity::find().filter(user::Column::RobotOf.eq(team.id)).all(&*txn).await?;
    if robots.len() >= MOST {
        return Err(Error::invalid("handle", format!("a team has at most {MOST} robots")));
    }
    let namespace = take_handle(state, &txn, &handle, NamespaceKind::Robot).await?;
    let (id, created_at) = (namespace.id, namespace.created_at);
    let account = user::Model {
        id,
        meshery_id: Uuid::new_v4(),
        role: Role::User,
        email: None,
        disabled_at: None,
        created_at,
        role_source: None,
        role_before: None,
        robot_of: Some(team.id),
    };
    user::Entity::insert(account.into_active_model()).exec_without_returning(&*txn).await?;
    let member = team_member::ActiveModel {
        team_id: Set(team.id),
        user_id: Set(id),
        role: Set(role),
        created_at: Set(created_at),
        source: Set(None),
    };
    team_member::Entity::insert(member).exec_without_returning(&*txn).await?;
    let detail = json!({"team": team.handle, "role": role});
    let object = format!("robot:{handle}");
    audit::record(&*txn, &state.clock, &Actor::from(who), "robot.create", object, detail).await?;
    txn.commit().await?;
    Ok(RobotView { handle, role, created_at })
}

pub async fn list(state: &State, team: &namespace::Model) -> Result<Vec<RobotView>> {
    let robots = user::Entity::find()
        .filter(user::Column::RobotOf.eq(team.id))
        .order_by_asc(user::Column::Id)
        .all(&*state.db)
        .await?;
    let handles = handles(&*state.db, robots.iter().map(|r| r.id)).await?;
    let of_team = team_member::Column::TeamId.eq(team.id);
    let roles = team_member::Entity::find().filter(of_team).all(&*state.db).await?;
    let roles: HashMap<_, _> = roles.into_iter().map(|m| (m.user_id, m.role)).collect();
    let view = |robot: user::Model| RobotView {
        handle: handle_of(&handles, robot.id),
        role: roles.get(&robot.id).copied().unwrap_or(MemberRole::Member),
        created_at: robot.created_at,
    };
    Ok(robots.into_iter().map(view).collect())
}

/// A robot of this team.
pub async fn find(state: &State, team: &namespace::Model, handle: &Slug) -> Result<namespace::Model> {
    let namespace = find_namespace(&*state.db, handle).await?.ok_or_else(Error::not_found)?;
    let account = user::Entity::find_by_id(namespace.id).one(&*state.db).await?;
    let here = account.is_some_and(|account| account.robot_of == Some(team.id));
    if here { Ok(namespace) } else { Err(Error::not_found()) }
}

/// Takes its membership and tokens along; what it uploaded stays.
pub async fn remove(
    state: &State,
    who: &Identity,
    team: &namespace::Model,
    robot: &namespace::Model,
) -> Result<()> {
    let txn = state.db.begin_write().await?;
    still_maintains(&txn, who, team).await?;
    let gone = user::Entity::delete_many()
        .filter(user::Column::Id.eq(robot.id))
        .filter(user::Column::RobotOf.eq(team.id))
        .exec(&*txn)
        .await?;
    if gone.rows_affected == 0 {
        return Err(Error::not_found());
    }
    let (object, detail) = (format!("robot:{}", robot.handle), json!({"team": team.handle}));
    audit::record(&*txn, &state.clock, &Actor::from(who), "robot.remove", object, detail).await?;
    txn.commit().await
}
