//! Local accounts: a name and a password. Whether the name exists, the account is disabled or
//! only the password is wrong looks the same and takes the same time.
use super::{browser::Visitor, password, session, throttle::Wait};
use crate::{
    audit::{self, Actor},
    error::{Error, Result},
    state::State,
};
use actix_web::cookie::Cookie;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, sea_query::OnConflict};
use serde_json::json;
use std::net::IpAddr;
use tamis_entities::{local_password, namespace, session as sessions, user, value::Slug};
use uuid::Uuid;

/// How a try with a password ends.
pub enum Outcome {
    In(Cookie<'static>),
    Wrong,
    Wait(Wait),
}

pub async fn sign_in(
    state: &State,
    visitor: &Visitor,
    address: IpAddr,
    name: &str,
    password: &str,
) -> Result<Outcome> {
    let (signing, name) = (&state.sign_in, name.trim().to_lowercase());
    if let Err(wait) = signing.throttle.try_password(&name, address, state.clock.now()) {
        return Ok(Outcome::Wait(wait));
    }
    let known = account(state, &name).await?;
    let hash = known.as_ref().map(|(_, hash)| hash.clone());
    if !signing.passwords.verify(password, hash).await? {
        return Ok(Outcome::Wrong);
    }
    let Some((user, _)) = known else { return Ok(Outcome::Wrong) };
    let txn = state.db.begin_write().await?;
    match session::open(state, &txn, visitor, user, "password", None).await {
        Ok(cookie) => {
            txn.commit().await?;
            signing.throttle.succeeded(&name, address);
            Ok(Outcome::In(cookie))
        }
        Err(error) if error.code() == "account-disabled" => Ok(Outcome::Wrong),
        Err(error) => Err(error),
    }
}

/// The account that may sign in under this name, and its hash. The same three look-ups happen
/// whether or not there is one.
async fn account(state: &State, name: &str) -> Result<Option<(Uuid, String)>> {
    let handle = name.parse().unwrap_or_else(|_| Slug::ghost());
    let found =
        namespace::Entity::find().filter(namespace::Column::Handle.eq(handle)).one(&*state.db).await?;
    let id = found.map_or(Uuid::nil(), |n| n.id);
    let user = user::Entity::find_by_id(id).one(&*state.db).await?;
    let hash = local_password::Entity::find_by_id(id).one(&*state.db).await?;
    let enabled = user.is_some_and(|u| u.disabled_at.is_none());
    Ok(hash.filter(|_| enabled).map(|row| (id, row.hash)))
}

pub async fn has_password(state: &State, user: Uuid) -> Result<bool> {
    Ok(local_password::Entity::find_by_id(user).one(&*state.db).await?.is_some())
}

/// Sets the password of an account and ends its sessions, but for the one that asked.
pub async fn set_password(
    state: &State,
    actor: &Actor,
    (user, handle): (Uuid, &Slug),
    password: &str,
    keep: Option<Uuid>,
) -> Result<()> {
    password::check("password", password)?;
    if password.eq_ignore_ascii_case(handle.as_str()) {
        return Err(Error::invalid("password", "not the name of the account"));
    }
    let hash = state.sign_in.passwords.hash(password).await?;
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    let row = local_password::ActiveModel { user_id: Set(user), hash: Set(hash), changed_at: Set(now) };
    let again = OnConflict::column(local_password::Column::UserId)
        .update_columns([local_password::Column::Hash, local_password::Column::ChangedAt])
        .to_owned();
    local_password::Entity::insert(row).on_conflict(again).exec_without_returning(&*txn).await?;
    let mut others = Condition::all().add(sessions::Column::UserId.eq(user));
    if let Some(own) = keep {
        others = others.add(sessions::Column::Id.ne(own));
    }
    session::revoke(&*txn, others, now).await?;
    audit::record(&*txn, &state.clock, actor, "user.password", format!("user:{handle}"), json!({})).await?;
    txn.commit().await
}
