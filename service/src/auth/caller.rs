//! The caller of a request: nobody, or a person with the scopes of what they signed in with.
//! Read from the database on every request, so that a revocation is felt at once.
use super::secret;
use crate::{
    error::{Error, Result},
    state::State,
};
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header};
use base64::{Engine, engine::general_purpose::STANDARD};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::{
    future::{Ready, ready},
    sync::Arc,
    time::Duration,
};
use tamis_entities::{
    api_token, namespace, session, team_member, user,
    value::{MemberRole, Role, Scope, Scopes, Slug, Timestamp},
};
use uuid::Uuid;

pub const COOKIE_HTTPS: &str = "__Host-tamis";
pub const COOKIE_LOOPBACK: &str = "tamis_session";

/// A browser session that nobody uses ends after this.
pub const IDLE: Duration = Duration::from_secs(12 * 3600);
/// How exactly its use is noted.
const SEEN: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    Token(Uuid),
    Session(Uuid),
    /// An access token of this OAuth grant.
    OAuth(Uuid),
    /// An operator command or the system itself.
    Operator,
}

#[derive(Clone, Debug)]
pub struct Identity {
    pub id: Uuid,
    pub handle: Slug,
    pub role: Role,
    pub scopes: Scopes,
    pub teams: Vec<(Uuid, MemberRole)>,
    pub via: Via,
    /// When they last proved who they are; known of browser sessions only.
    pub signed_in_at: Option<Timestamp>,
}

impl Identity {
    pub fn is_curator(&self) -> bool {
        self.role >= Role::Curator
    }

    /// The namespaces this person belongs to: their own and their teams'.
    pub fn namespaces(&self) -> Vec<Uuid> {
        std::iter::once(self.id).chain(self.teams.iter().map(|(team, _)| *team)).collect()
    }

    pub fn role_in(&self, namespace: Uuid) -> Option<MemberRole> {
        if namespace == self.id {
            return Some(MemberRole::Owner);
        }
        self.teams.iter().find(|(team, _)| *team == namespace).map(|(_, role)| *role)
    }
}

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
    let refused = || Error::unauthenticated("this token is not known, has expired or was revoked");
    if !text.starts_with(secret::TOKEN_PREFIX) || text.len() > 200 {
        return Err(refused());
    }
    let token = api_token::Entity::find()
        .filter(api_token::Column::SecretSha256.eq(secret::hash(text)))
        .one(&*state.db)
        .await?
        .ok_or_else(refused)?;
    let now = state.clock.now();
    if token.revoked_at.is_some() || token.expires_at <= now {
        return Err(refused());
    }
    note_use(state, &token, now);
    let identity = identity(&*state.db, token.user_id, Via::Token(token.id), Some(&token.scopes)).await?;
    identity.map(|who| Caller(Some(Arc::new(who)))).ok_or_else(refused)
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
            update.filter(api_token::Column::Id.eq(id)).exec(&*txn).await?;
            txn.commit().await
        };
        if let Err(error) = done.await {
            tracing::debug!(%error, "token use not noted");
        }
    });
}

async fn by_session(state: &State, text: &str) -> Result<Caller> {
    let refused = || Error::unauthenticated("this session has ended; sign in again");
    let session = session::Entity::find()
        .filter(session::Column::SecretSha256.eq(secret::hash(text)))
        .one(&*state.db)
        .await?
        .ok_or_else(refused)?;
    let now = state.clock.now();
    let seen = session.last_seen_at.unwrap_or(session.created_at);
    if session.revoked_at.is_some() || session.expires_at <= now || seen.plus(IDLE) <= now {
        return Err(refused());
    }
    if seen.plus(SEEN) <= now {
        note_seen(state, session.id, now);
    }
    let found = identity(&*state.db, session.user_id, Via::Session(session.id), None).await?;
    let who = Identity { signed_in_at: session.signed_in_at, ..found.ok_or_else(refused)? };
    Ok(Caller(Some(Arc::new(who))))
}

/// Off the request's path, as with tokens.
fn note_seen(state: &State, id: Uuid, now: Timestamp) {
    let state = state.clone();
    tokio::spawn(async move {
        let done = async {
            let txn = state.db.begin_write().await?;
            let seen = sea_orm::sea_query::Expr::value(now);
            let update = session::Entity::update_many().col_expr(session::Column::LastSeenAt, seen);
            update.filter(session::Column::Id.eq(id)).exec(&*txn).await?;
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

/// None when the user is gone or disabled. Scopes are never more than the role allows now.
pub async fn identity<C: ConnectionTrait>(
    db: &C,
    id: Uuid,
    via: Via,
    scopes: Option<&Scopes>,
) -> Result<Option<Identity>> {
    let Some(user) = user::Entity::find_by_id(id).one(db).await? else { return Ok(None) };
    let Some(namespace) = namespace::Entity::find_by_id(id).one(db).await? else { return Ok(None) };
    if user.disabled_at.is_some() {
        return Ok(None);
    }
    let members = team_member::Entity::find().filter(team_member::Column::UserId.eq(id)).all(db).await?;
    let allowed = Scopes::of_role(user.role);
    let scopes: Scopes = match scopes {
        Some(given) => Scope::ALL.into_iter().filter(|s| given.has(*s) && allowed.has(*s)).collect(),
        None => allowed,
    };
    let teams = members.into_iter().map(|m| (m.team_id, m.role)).collect();
    Ok(Some(Identity {
        id,
        handle: namespace.handle,
        role: user.role,
        scopes,
        teams,
        via,
        signed_in_at: None,
    }))
}
