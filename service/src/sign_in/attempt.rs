//! A sign-in while the person is at the provider. The `state` ties the answer to one attempt
//! and to the browser that began it; it is good once and for ten minutes. What else belongs to
//! the attempt follows from it and the secret of this instance, so the row alone is of no use.
use super::browser;
use crate::{
    auth::secret,
    error::{Error, Result},
    state::State,
};
use actix_web::{HttpRequest, cookie::Cookie};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use std::time::Duration;
use tamis_entities::sign_in_attempt as row;
use uuid::Uuid;

pub const LIFE: Duration = Duration::from_secs(10 * 60);

/// What goes to the provider, and what its answer is checked against.
pub struct Secrets {
    pub state: String,
    pub nonce: String,
    /// Of PKCE (RFC 7636).
    pub verifier: String,
}

impl Secrets {
    fn of(tamis: &State, state: String) -> Result<Self> {
        let nonce = browser::derived(tamis, "nonce", &state)?;
        let verifier = browser::derived(tamis, "pkce", &state)?;
        Ok(Self { state, nonce, verifier })
    }
}

/// What an answer continues.
pub struct Taken {
    pub secrets: Secrets,
    pub next: String,
    /// The session that asked to be linked.
    pub link: Option<Uuid>,
}

/// Begins; the cookie ties the browser to it.
pub async fn begin(
    state: &State,
    request: &HttpRequest,
    provider: &str,
    next: String,
    link: Option<Uuid>,
) -> Result<(Secrets, Cookie<'static>)> {
    let (visit, cookie) = browser::keep_visit(state, request)?;
    let fresh = secret::fresh("")?;
    let now = state.clock.now();
    let row = row::ActiveModel {
        id: Set(Uuid::now_v7()),
        state_sha256: Set(fresh.sha256),
        browser_sha256: Set(secret::hash(&visit)),
        provider: Set(provider.to_owned()),
        next_path: Set(next),
        link_session_id: Set(link),
        created_at: Set(now),
        expires_at: Set(now.plus(LIFE)),
        used_at: Set(None),
    };
    let txn = state.db.begin_write().await?;
    row::Entity::insert(row).exec_without_returning(&*txn).await?;
    txn.commit().await?;
    Ok((Secrets::of(state, fresh.text)?, cookie))
}

/// Takes the attempt that an answer belongs to. Another browser, or the callback of another
/// provider, does not use it up.
pub async fn take(state: &State, request: &HttpRequest, provider: &str, given: &str) -> Result<Taken> {
    let refused = || {
        let detail = "this sign-in was not begun in this browser, has been used, or took too long";
        Error::forbidden("sign-in-expired", detail)
    };
    let visit = browser::visit(state, request).ok_or_else(refused)?;
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    let taken = row::Entity::update_many()
        .col_expr(row::Column::UsedAt, Expr::value(now))
        .filter(row::Column::StateSha256.eq(secret::hash(given)))
        .filter(row::Column::BrowserSha256.eq(secret::hash(&visit)))
        .filter(row::Column::Provider.eq(provider))
        .filter(row::Column::UsedAt.is_null())
        .filter(row::Column::ExpiresAt.gt(now))
        .exec_with_returning(&*txn)
        .await?;
    txn.commit().await?;
    let taken = taken.into_iter().next().ok_or_else(refused)?;
    let secrets = Secrets::of(state, given.to_owned())?;
    Ok(Taken { secrets, next: taken.next_path, link: taken.link_session_id })
}
