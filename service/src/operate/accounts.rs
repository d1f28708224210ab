//! Accounts: made by operator commands, and by a first sign-in.
use crate::{
    audit::{self, Actor},
    auth::access::find_namespace,
    db::WriteTxn,
    error::{Error, Kind, Result},
    sign_in::link::new_link,
    state::State,
    teams::take_handle,
    tokens,
};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter};
use serde_json::json;
use std::time::Duration;
use tamis_entities::{
    namespace, user,
    value::{NamespaceKind, Role, Scopes, Slug},
};
use uuid::Uuid;

pub async fn create(state: &State, actor: &Actor, handle: &Slug, role: Role) -> Result<user::Model> {
    let txn = state.db.begin_write().await?;
    let user = insert(state, &txn, handle, role, NamespaceKind::User).await?;
    audit::record(&*txn, &state.clock, actor, "user.create", format!("user:{handle}"), json!({"role": role}))
        .await?;
    txn.commit().await?;
    Ok(user)
}

pub async fn insert(
    state: &State,
    txn: &WriteTxn<'_>,
    handle: &Slug,
    role: Role,
    kind: NamespaceKind,
) -> Result<user::Model> {
    let namespace = take_handle(state, txn, handle, kind).await?;
    let user = user::Model {
        id: namespace.id,
        meshery_id: Uuid::new_v4(),
        role,
        email: None,
        disabled_at: None,
        created_at: namespace.created_at,
        role_source: None,
        role_before: None,
        robot_of: None,
    };
    user::Entity::insert(user.clone().into_active_model()).exec_without_returning(&**txn).await?;
    Ok(user)
}

pub async fn find(state: &State, handle: &Slug) -> Result<(namespace::Model, user::Model)> {
    let missing = || {
        Error::new(
            Kind::NotFound,
            "no-such-user",
            format!("there is no user `{handle}`; `tamis user create {handle}` makes one"),
        )
    };
    let namespace = find_namespace(&*state.db, handle).await?.ok_or_else(missing)?;
    let user = user::Entity::find_by_id(namespace.id).one(&*state.db).await?.ok_or_else(missing)?;
    Ok((namespace, user))
}

/// A one-time sign-in link, made by the operator.
pub async fn link(state: &State, handle: &Slug) -> Result<String> {
    link_by(state, &Actor::system("operator"), handle).await
}

pub async fn link_by(state: &State, actor: &Actor, handle: &Slug) -> Result<String> {
    let (namespace, user) = find(state, handle).await?;
    if user.robot_of.is_some() {
        return Err(Error::forbidden("robot", "a robot does not sign in; give it a token"));
    }
    if user.disabled_at.is_some() {
        return Err(Error::conflict("account-disabled", "this account is disabled; enable it first"));
    }
    new_link(state, actor, user.id, namespace.handle.as_str()).await
}

/// A token; without scopes it carries all that the role allows.
pub async fn token(
    state: &State,
    handle: &Slug,
    name: String,
    scopes: Option<Scopes>,
    life: Duration,
) -> Result<String> {
    let (_, user) = find(state, handle).await?;
    let scopes = scopes.unwrap_or_else(|| match user.robot_of {
        Some(_) => Scopes::of_machine(),
        None => Scopes::of_role(user.role),
    });
    let expires_at = state.clock.now().plus(life);
    let wanted = tokens::Wanted { name, scopes, expires_at, limit: None, publisher: None };
    let (_, secret) = tokens::create(state, &Actor::system("operator"), &user, wanted).await?;
    Ok(secret)
}

/// On the first start there is nobody: makes `root`, and a link to sign in as them.
pub async fn first_admin(state: &State) -> Result<Option<String>> {
    let people = user::Entity::find().filter(user::Column::Role.eq(Role::Admin)).count(&*state.db).await?;
    if people > 0 {
        return Ok(None);
    }
    let handle: Slug = "root".parse().map_err(|_| Error::internal("`root` is no handle"))?;
    if find_namespace(&*state.db, &handle).await?.is_none() {
        match create(state, &Actor::system("first-start"), &handle, Role::Admin).await {
            // Another replica starts for the first time too, and announces the link.
            Err(error) if error.kind() == Kind::Conflict => return Ok(None),
            made => made?,
        };
    }
    Ok(Some(link(state, &handle).await?))
}
