//! The caller of a request: nobody, or somebody with the scopes of what they came with. Read
//! from the database on every request, in one statement, so that a revocation is felt at once.
pub use super::identity::{Identity, Limit, Via, identity};
use super::{identity::by_credential, secret};
use crate::{
    error::{Error, Result},
    state::State,
};
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header};
use base64::{Engine, engine::general_purpose::STANDARD};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use std::{
    future::{Ready, ready},
    sync::Arc,
    time::Duration,
};
use tamis_entities::{api_token, session, value::Timestamp};
use uuid::Uuid;

pub const COOKIE_HTTPS: &str = "__Host-tamis";
pub const COOKIE_LOOPBACK: &str = "tamis_session";

/// A browser session that nobody uses ends after this.
pub const IDLE: Duration = Duration::from_secs(12 * 3600);
/// How exactly its use is noted.
const SEEN: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, Default)]
pub struct Caller(pub Option<Arc<Identity>>);

impl Caller {
    pub fn identity(&self) -> Option<&Identity> {
        self.0.as_deref()
    }

    /// Part of what a cursor is bound to.
    pub fn key(&self) -> String {
        self.identity().map_or_else(|| "anonymous".into(), |who| who.id.to_string())
    }
}

/// Set by the middleware before any handler runs.
impl FromRequest for Caller {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = request.extensions().get::<Caller>().cloned();
        ready(found.ok_or_else(|| Error::internal("a handler ran without the authorisation middleware")))
    }
}

/// A caller who has signed in.
#[derive(Clone, Debug)]
pub struct SignedIn(pub Arc<Identity>);

impl FromRequest for SignedIn {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload).into_inner();
        ready(caller.and_then(|c| {
            c.0.map(SignedIn).ok_or_else(|| Error::unauthenticated("sign in, or send a token"))
        }))
    }
}

/// Reads the credentials of a request; none at all is the anonymous caller, wrong ones are an error.
pub async fn authenticate(state: &State, request: &HttpRequest) -> Result<Caller> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let (first, second) = (headers.next(), headers.next());
    if second.is_some() {
        return Err(Error::unauthenticated("send one Authorization header"));
    }
    if let Some(value) = first {
        let text =
            value.to_str().map_err(|_| Error::unauthenticated("the Authorization header is not text"))?;
        return by_token(state, &token_of(text)?).await;
    }
    let name = if state.public_url.starts_with("https:") { COOKIE_HTTPS } else { COOKIE_LOOPBACK };
    match request.cookie(name) {
        Some(cookie) => by_session(state, cookie.value()).await,
        None => Ok(Caller::default()),
    }
}

/// The same at the door for Meshery Servers: it has tokens of its own, and takes neither cookies nor access
/// tokens of OAuth.
pub async fn authenticate_meshery(state: &State, request: &HttpRequest) -> Result<Caller> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let Some(first) = headers.next() else { return Ok(Caller::default()) };
    if headers.next().is_some() {
        return Err(Error::unauthenticated("send one Authorization header"));
    }
    let text = first.to_str().map_err(|_| Error::unauthenticated("the Authorization header is not text"))?;
    let token = token_of(text)?;
    match token.starts_with(secret::TOKEN_PREFIX) {
        true => Ok(by_secret(state, &token).await?.0),
        false => crate::meshery::sessions::caller(state, &token).await,
    }
}

/// `Bearer <token>`, or Basic with the token as password.
fn token_of(header: &str) -> Result<String> {
    let malformed = || Error::unauthenticated("send `Authorization: Bearer tms_…`");
    let (scheme, rest) = header.split_once(' ').ok_or_else(malformed)?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(rest.to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let bytes = STANDARD.decode(rest).map_err(|_| malformed())?;
        let text = String::from_utf8(bytes).map_err(|_| malformed())?;
        return text.split_once(':').map(|(_, password)| password.to_owned()).ok_or_else(malformed);
    }
    Err(malformed())
}

async fn by_token(state: &State, text: &str) -> Result<Caller> {
    if !text.starts_with(secret::TOKEN_PREFIX) && text.contains('.') {
        return crate::oauth::access::caller(state, text).await;
    }
    Ok(by_secret(state, text).await?.0)
}

fn unknown_token() -> Error {
    Error::unauthenticated("this token is not known, has expired or was revoked")
}

/// The caller that a `tms_…` token stands for, and the token's id.
pub async fn by_secret(state: &State, text: &str) -> Result<(Caller, Uuid)> {
    if !text.starts_with(secret::TOKEN_PREFIX) || text.len() > 200 {
        return Err(unknown_token());
    }
    by_token_row(state, api_token::Column::SecretSha256, secret::hash(text)).await
}

/// The same by the token's id, for what was given out on the strength of it.
pub async fn by_token_id(state: &State, id: Uuid) -> Result<Caller> {
    Ok(by_token_row(state, api_token::Column::Id, id).await?.0)
}

async fn by_token_row(
    state: &State,
    unique: api_token::Column,
    value: impl Into<sea_orm::sea_query::Value>,
) -> Result<(Caller, Uuid)> {
    let found = by_credential::<_, api_token::Entity>(&*state.db, unique, value, api_token::Column::UserId);
    let (token, owner) = found.await?.ok_or_else(unknown_token)?;
    let now = state.clock.now();
    if token.revoked_at.is_some() || token.expires_at <= now {
        return Err(unknown_token());
    }
    let via = token.publisher_id.map_or(Via::Token(token.id), Via::Publisher);
    let who = owner.with(via, Some(&token.scopes), Limit::of(&token)).ok_or_else(unknown_token)?;
    note_use(state, &token, now);
    Ok((Caller(Some(Arc::new(Identity { ends_at: Some(token.expires_at), ..who }))), token.id))
}

/// Notes may come late and out of order: one never puts a later use back.
fn not_after(column: impl ColumnTrait, now: Timestamp) -> Condition {
    Condition::any().add(column.is_null()).add(column.lt(now))
}

/// Once an hour and off the request's path: a read must not wait for a write.
fn note_use(state: &State, token: &api_token::Model, now: Timestamp) {
    if token.last_used_at.is_some_and(|t| t > now.minus(Duration::from_secs(3600))) {
        return;
    }
    let (state, id) = (state.clone(), token.id);
    tokio::spawn(async move {
        let done = async {
            let txn = state.db.begin_write().await?;
            let seen = sea_orm::sea_query::Expr::value(now);
            let update = api_token::Entity::update_many().col_expr(api_token::Column::LastUsedAt, seen);
            let older = not_after(api_token::Column::LastUsedAt, now);
            update.filter(api_token::Column::Id.eq(id)).filter(older).exec(&*txn).await?;
            txn.commit().await
        };
        if let Err(error) = done.await {
            tracing::debug!(%error, "token use not noted");
        }
    });
}

async fn by_session(state: &State, text: &str) -> Result<Caller> {
    let refused = || Error::unauthenticated("this session has ended; sign in again");
    use session::Column::{SecretSha256, UserId};
    let hash = secret::hash(text);
    let found = by_credential::<_, session::Entity>(&*state.db, SecretSha256, hash, UserId);
    let (session, owner) = found.await?.ok_or_else(refused)?;
    let now = state.clock.now();
    let seen = session.last_seen_at.unwrap_or(session.created_at);
    if session.revoked_at.is_some() || session.expires_at <= now || seen.plus(IDLE) <= now {
        return Err(refused());
    }
    let found = owner.with(Via::Session(session.id), None, None).ok_or_else(refused)?;
    if seen.plus(SEEN) <= now {
        note_seen(state, session.id, now);
    }
    Ok(Caller(Some(Arc::new(Identity { signed_in_at: session.signed_in_at, ..found }))))
}

/// Off the request's path, as with tokens.
fn note_seen(state: &State, id: Uuid, now: Timestamp) {
    let state = state.clone();
    tokio::spawn(async move {
        let done = async {
            let txn = state.db.begin_write().await?;
            let seen = sea_orm::sea_query::Expr::value(now);
            let update = session::Entity::update_many().col_expr(session::Column::LastSeenAt, seen);
            let older = not_after(session::Column::LastSeenAt, now);
            update.filter(session::Column::Id.eq(id)).filter(older).exec(&*txn).await?;
            txn.commit().await
        };
        if let Err(error) = done.await {
            tracing::debug!(%error, "session use not noted");
        }
    });
}

/// Who a page is shown to, without failing on a stale cookie.
pub async fn visitor(state: &State, request: &HttpRequest) -> Caller {
    authenticate(state, request).await.unwrap_or_default()
}
