//! Browser sessions: opened by every kind of sign-in at this one door, listed, ended. A sign-in
//! always makes a new one, so that nobody can have planted its id.
use super::browser::{self, Visitor};
use crate::{
    audit::{self, Actor},
    auth::{caller::IDLE, secret},
    db::WriteTxn,
    error::{Error, Result},
    state::State,
};
use actix_web::cookie::Cookie;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use serde_json::json;
use std::time::Duration;
use tamis_entities::{namespace, session, sign_in_attempt, sign_in_link, user, value::Timestamp};
use uuid::Uuid;

/// However busy it is, a session ends after this.
pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

pub fn disabled() -> Error {
    Error::forbidden("account-disabled", "this account is disabled; an administrator can enable it again")
}

/// Signs in: the cookie of a new session. Whoever is disabled comes in by no door, and the row
/// stays locked, so that somebody who is being disabled now is not in afterwards.
pub async fn open(
    state: &State,
    txn: &WriteTxn<'_>,
    visitor: &Visitor,
    user: Uuid,
    method: &str,
    proved_at: Option<Timestamp>,
) -> Result<Cookie<'static>> {
    let gone = || Error::unauthenticated("this account is gone");
    let row = user::Entity::find_by_id(user).lock_exclusive().one(&**txn).await?.ok_or_else(gone)?;
    if row.disabled_at.is_some() {
        return Err(disabled());
    }
    let now = state.clock.now();
    let fresh = secret::fresh("")?;
    let cookie = browser::session_cookie(state, fresh.text)?;
    if let Some(before) = &visitor.session {
        revoke(&**txn, Condition::all().add(session::Column::SecretSha256.eq(secret::hash(before))), now)
            .await?;
    }
    let row = session::ActiveModel {
        id: Set(Uuid::now_v7()),
        user_id: Set(user),
        secret_sha256: Set(fresh.sha256),
        created_at: Set(now),
        expires_at: Set(now.plus(LONGEST)),
        revoked_at: Set(None),
        signed_in_at: Set(Some(proved_at.map_or(now, |at| at.min(now)))),
        method: Set(Some(method.to_owned())),
        last_seen_at: Set(Some(now)),
        user_agent: Set(visitor.user_agent.clone()),
    };
    session::Entity::insert(row).exec_without_returning(&**txn).await?;
    let who = namespace::Entity::find_by_id(user).one(&**txn).await?.ok_or_else(gone)?;
    let (actor, object) = (Actor::user(who.handle.as_str()), format!("user:{}", who.handle));
    audit::record(&**txn, &state.clock, &actor, "sign-in", object, json!({"by": method})).await?;
    Ok(cookie)
}

/// Ends the sessions that the condition selects; how many.
pub async fn revoke<C: ConnectionTrait>(db: &C, which: Condition, now: Timestamp) -> Result<u64> {
    let ended = session::Entity::update_many()
        .col_expr(session::Column::RevokedAt, Expr::value(now))
        .filter(session::Column::RevokedAt.is_null())
        .filter(which)
        .exec(db)
        .await?;
    Ok(ended.rows_affected)
}

/// Ends the session of this secret.
pub async fn close(state: &State, secret: &str) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let this = Condition::all().add(session::Column::SecretSha256.eq(secret::hash(secret)));
    revoke(&*txn, this, state.clock.now()).await?;
    txn.commit().await
}

/// The sessions of a user that would still be let in.
fn alive(user: Uuid, now: Timestamp) -> Condition {
    Condition::all()
        .add(session::Column::UserId.eq(user))
        .add(session::Column::RevokedAt.is_null())
        .add(session::Column::ExpiresAt.gt(now))
        .add(
            Condition::any()
                .add(session::Column::LastSeenAt.gt(now.minus(IDLE)))
                .add(session::Column::LastSeenAt.is_null()),
        )
}

pub async fn list(state: &State, user: Uuid) -> Result<Vec<session::Model>> {
    let rows = session::Entity::find().filter(alive(user, state.clock.now()));
    Ok(rows.order_by_desc(session::Column::Id).limit(100).all(&*state.db).await?)
}

/// Ends one session of a user, or all but the one given.
pub async fn end(state: &State, actor: &Actor, user: Uuid, which: Which) -> Result<()> {
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    let of_user = alive(user, now);
    let (which, object) = match which {
        Which::One(id) => (of_user.add(session::Column::Id.eq(id)), format!("session:{id}")),
        Which::AllBut(id) => (
            match id {
                Some(id) => of_user.add(session::Column::Id.ne(id)),
                None => of_user,
            },
            "sessions".to_owned(),
        ),
    };
    let single = object.starts_with("session:");
    let ended = revoke(&*txn, which, now).await?;
    if single && ended == 0 {
        return Err(Error::not_found());
    }
    audit::record(&*txn, &state.clock, actor, "session.end", object, json!({"ended": ended})).await?;
    txn.commit().await
}

pub enum Which {
    One(Uuid),
    AllBut(Option<Uuid>),
}

/// Removes sessions, links and attempts that ended a day ago.
pub async fn forget_expired(state: &State) -> Result<()> {
    let before = state.clock.now().minus(Duration::from_secs(86_400));
    let txn = state.db.begin_write().await?;
    sign_in_link::Entity::delete_many()
        .filter(sign_in_link::Column::ExpiresAt.lt(before))
        .exec(&*txn)
        .await?;
    sign_in_attempt::Entity::delete_many()
        .filter(sign_in_attempt::Column::ExpiresAt.lt(before))
        .exec(&*txn)
        .await?;
    session::Entity::delete_many().filter(session::Column::ExpiresAt.lt(before)).exec(&*txn).await?;
    txn.commit().await
}
