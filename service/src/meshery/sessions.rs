//! Logins from Meshery Servers: begun by a person at the login page, good for a month, ended by logout,
//! by an administrator who cuts the server off, or by themselves. Every token of a login hangs on its row.
use super::{servers, tokens};
use crate::{
    audit::{self, Actor},
    auth::{
        Caller, Identity,
        identity::{Via, by_credential},
        secret,
    },
    db::WriteTxn,
    error::{Error, Kind, Result},
    state::State,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, sea_query::Expr};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tamis_entities::{
    meshery_session as login, user,
    value::{Scope, Scopes},
};
use uuid::Uuid;

const LIFE: Duration = Duration::from_secs(30 * 86_400);

/// What a Meshery Server may do for somebody: no votes, no tokens, no acts of administration.
pub fn scopes() -> Scopes {
    [Scope::FiltersRead, Scope::FiltersWrite, Scope::ReleasesStage, Scope::TeamsWrite].into_iter().collect()
}

fn refused() -> Error {
    Error::unauthenticated("this token is not known, has expired or was revoked")
}

/// Begins a login; what goes back to the Meshery Server as `token`.
pub async fn begin(
    state: &State,
    who: &Identity,
    origin: &str,
    server: Option<Uuid>,
) -> Result<(String, login::Model)> {
    let person = user::Entity::find_by_id(who.id).one(&*state.db).await?.ok_or_else(Error::not_found)?;
    let (now, fresh) = (state.clock.now(), secret::fresh("tmr_")?);
    let row = login::Model {
        id: Uuid::now_v7(),
        user_id: who.id,
        server_id: server,
        origin: origin.to_owned(),
        refresh_sha256: fresh.sha256,
        created_at: now,
        expires_at: now.plus(LIFE),
        revoked_at: None,
    };
    let (jwt, ends) = tokens::mint(state, &row, person.meshery_id).await?;
    let txn = state.db.begin_write().await?;
    login::Entity::insert(row.clone().into_active_model()).exec_without_returning(&*txn).await?;
    let object = format!("meshery-login:{}", row.id);
    let detail = json!({"origin": origin});
    audit::record(&*txn, &state.clock, &Actor::from(who), "meshery.login", object, detail).await?;
    servers::seen(&txn, origin, now).await?;
    txn.commit().await?;
    Ok((tokens::wrap(&jwt, &fresh.text, ends), row))
}

/// The caller that a wrapper or its JWT stands for: one statement, by one index.
pub async fn caller(state: &State, text: &str) -> Result<Caller> {
    let claims = tokens::living(state, text).await?;
    use login::Column::{Id, UserId};
    let found = by_credential::<_, login::Entity>(&*state.db, Id, claims.sid, UserId).await?;
    let (row, owner) = found.ok_or_else(refused)?;
    if row.revoked_at.is_some() || row.expires_at <= state.clock.now() {
        return Err(refused());
    }
    let who = owner.with(Via::Meshery(row.id), Some(&scopes()), None).ok_or_else(refused)?;
    Ok(Caller(Some(Arc::new(who))))
}

/// The login that somebody came by.
pub fn of(who: &Identity) -> Option<Uuid> {
    match who.via {
        Via::Meshery(id) => Some(id),
        _ => None,
    }
}

/// A new access token for an old one. The refresh token stays: Meshery keeps the old wrapper in its memory and
/// in a cookie for a while, and both come back. `admit` counts who asks, before anything is made for them.
pub async fn refresh(
    state: &State,
    wrapper: &str,
    admit: impl Fn(Option<Uuid>) -> Result<()>,
) -> Result<String> {
    let Some((secret, row, person)) = renewable(state, wrapper).await? else {
        admit(None)?;
        return Err(refused());
    };
    admit(Some(row.id))?;
    let (jwt, ends) = tokens::mint(state, &row, person.meshery_id).await?;
    let txn = state.db.begin_write().await?;
    servers::seen(&txn, &row.origin, state.clock.now()).await?;
    txn.commit().await?;
    Ok(tokens::wrap(&jwt, &secret, ends))
}

/// A login that has not ended, of somebody who may still come, by the refresh token in the wrapper.
async fn renewable(state: &State, wrapper: &str) -> Result<Option<(String, login::Model, user::Model)>> {
    let Some(secret) = tokens::refresh_of(wrapper) else { return Ok(None) };
    let lives = |row: &login::Model| row.revoked_at.is_none() && row.expires_at > state.clock.now();
    let Some(row) = by_refresh(state, &secret).await?.filter(lives) else { return Ok(None) };
    let person = user::Entity::find_by_id(row.user_id).one(&*state.db).await?;
    Ok(person.filter(|p| p.disabled_at.is_none()).map(|person| (secret, row, person)))
}

async fn by_refresh(state: &State, text: &str) -> Result<Option<login::Model>> {
    let hash = secret::hash(text);
    Ok(login::Entity::find().filter(login::Column::RefreshSha256.eq(hash)).one(&*state.db).await?)
}

/// Ends the login that a refresh token is of; one that is not known counts as ended.
pub async fn discard(state: &State, refresh: &str) -> Result<()> {
    match by_refresh(state, refresh).await? {
        Some(row) => end_one(state, row.id, row.user_id).await,
        None => Ok(()),
    }
}

/// Ends the login that a token is of, be the token over already.
pub async fn leave(state: &State, text: &str) -> Result<()> {
    let Some(claims) = tokens::signed(state, text).await? else { return Ok(()) };
    let row = login::Entity::find_by_id(claims.sid).one(&*state.db).await?;
    match row {
        Some(row) => end_one(state, row.id, row.user_id).await,
        None => Ok(()),
    }
}

pub async fn end_one(state: &State, id: Uuid, user: Uuid) -> Result<()> {
    let txn = state.db.begin_write().await?;
    if end(state, &txn, Condition::all().add(login::Column::Id.eq(id))).await? > 0 {
        let person = crate::filters::view::handles(&*txn, [user]).await?;
        let actor = Actor::user(crate::filters::view::handle_of(&person, user).as_str());
        let object = format!("meshery-login:{id}");
        audit::record(&*txn, &state.clock, &actor, "meshery.logout", object, json!({})).await?;
    }
    txn.commit().await
}

/// Ends these logins; how many there were.
pub async fn end(state: &State, txn: &WriteTxn<'_>, which: Condition) -> Result<u64> {
    let done = login::Entity::update_many()
        .col_expr(login::Column::RevokedAt, Expr::value(state.clock.now()))
        .filter(which)
        .filter(login::Column::RevokedAt.is_null())
        .exec(&**txn)
        .await?;
    Ok(done.rows_affected)
}

/// Removes logins that ended a day ago.
pub async fn forget_expired(state: &State) -> Result<()> {
    let before = state.clock.now().minus(Duration::from_secs(86_400));
    let over =
        Condition::any().add(login::Column::ExpiresAt.lt(before)).add(login::Column::RevokedAt.lt(before));
    let txn = state.db.begin_write().await?;
    login::Entity::delete_many().filter(over).exec(&*txn).await?;
    txn.commit().await
}

/// What Meshery up to 0.7 understands as a refresh that failed: it reads every other status as success.
pub fn failed_refresh() -> Error {
    let detail = "this login has ended; log in again";
    Error::new(Kind::Unauthenticated, "meshery-login-ended", detail)
}
