//! Tokens of the registry: short-lived JWTs that say who came, with which credential, and for what.
//! What their bearer is to a repository is asked of the database at each request, not written in here.
use super::{
    name::Name,
    refusal::{Refusal, Result},
};
use crate::{
    auth::{Caller, Identity, caller},
    error::Kind,
    oauth::access::{seconds, signed_as},
    state::State,
};
use actix_web::{HttpRequest, http::header};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tamis_entities::value::Scope;
use uuid::Uuid;

/// The type in the header: no other token of ours has it.
const TYPE: &str = "JWT";
pub const LIFE: Duration = Duration::from_secs(300);
/// More repositories than one request of a client is about.
const MOST_SCOPES: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Pull,
    Push,
    Delete,
}

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
        }
    }

    /// What a client is told to ask for. Who comes with nothing is told of both at once: some clients
    /// never ask for a second token, and what a credential is not good for is left out of the first.
    fn wanted(self, came: &Presented) -> &'static str {
        match (self, came) {
            (Self::Pull, Presented::Nothing) | (Self::Push, _) => "pull,push",
            (Self::Pull, _) => "pull",
            (Self::Delete, _) => "pull,push,delete",
        }
    }

    /// The scopes of a credential that it is good for with.
    pub fn scopes(self) -> &'static [Scope] {
        match self {
            Self::Pull => &[Scope::FiltersRead],
            Self::Push => &[Scope::FiltersWrite, Scope::ReleasesStage],
            Self::Delete => &[Scope::FiltersWrite],
        }
    }
}

/// As the Docker token specification has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    #[serde(rename = "type")]
    pub kind: String,
    pub name: String,
    pub actions: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    aud: String,
    /// The user's id; empty for nobody.
    sub: String,
    /// The token on whose strength this was given out; it ends with that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Uuid>,
    access: Vec<Access>,
    jti: Uuid,
    iat: u64,
    nbf: u64,
    exp: u64,
}

/// How a request came.
pub enum Presented {
    Nothing,
    /// A credential itself, and its id: good for all that it is good for.
    Credential(Caller, Uuid),
    /// A token of ours, good for what it lists.
    Token(Caller, Vec<Access>),
}

impl Presented {
    pub fn caller(&self) -> Caller {
        match self {
            Self::Nothing => Caller::default(),
            Self::Credential(caller, _) | Self::Token(caller, _) => caller.clone(),
        }
    }

    /// Whether the request may do this at all, were it allowed to its caller.
    pub fn covers(&self, name: &str, action: Action) -> bool {
        let Self::Token(_, access) = self else { return true };
        let of = |a: &&Access| a.kind == "repository" && a.name == name;
        access.iter().filter(of).flat_map(|a| &a.actions).any(|word| {
            let same = word == action.as_str() || word == "*";
            // Who may write may remove: clients ask for no more to delete.
            same || (action == Action::Delete && word == "push")
        })
    }
}

/// What tokens are for: the place in the public URL, which clients show to people.
pub fn service(state: &State) -> &str {
    state.public_url.split_once("://").map_or(state.public_url.as_str(), |(_, host)| host)
}

/// What a request is about, as far as it names repositories.
#[derive(Default)]
pub struct About<'a> {
    pub target: Option<(&'a Name, Action)>,
    /// What a mount reads besides.
    pub source: Option<&'a Name>,
}

/// Where to get a token, and for what. The URL is the public one: behind a proxy the request's own
/// host is another.
pub fn challenge(state: &State, about: About<'_>, came: &Presented) -> String {
    let mut text = format!(r#"Bearer realm="{}/v2/token",service="{}""#, state.public_url, service(state));
    let target = about.target.map(|(name, action)| format!("repository:{name}:{}", action.wanted(came)));
    let source = about.source.map(|name| format!("repository:{name}:{}", Action::Pull.as_str()));
    let scopes: Vec<_> = target.into_iter().chain(source).collect();
    if !scopes.is_empty() {
        text.push_str(&format!(r#",scope="{}""#, scopes.join(" ")));
    }
    match came {
        Presented::Token(..) => text.push_str(r#",error="insufficient_scope""#),
        Presented::Credential(..) => text.push_str(r#",error="invalid_token""#),
        Presented::Nothing => {}
    }
    text
}

fn refused(state: &State, message: &str) -> Refusal {
    let came = Presented::Credential(Caller::default(), Uuid::nil());
    Refusal::unauthorized(challenge(state, About::default(), &came), message)
}

/// Reads the `Authorization` header. Browser sessions count for nothing here.
pub async fn presented(state: &State, request: &HttpRequest) -> Result<Presented> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let Some(value) = headers.next() else { return Ok(Presented::Nothing) };
    if headers.next().is_some() {
        return Err(refused(state, "send one Authorization header"));
    }
    let malformed = || refused(state, "send `Authorization: Bearer …`, or Basic with a token as password");
    let (scheme, rest) = value.to_str().ok().and_then(|v| v.split_once(' ')).ok_or_else(malformed)?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("basic") {
        return basic(state, rest).await;
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(malformed());
    }
    match rest.contains('.') {
        true => by_token(state, rest).await,
        false => by_secret(state, rest).await.map(|(caller, id)| Presented::Credential(caller, id)),
    }
}

async fn by_secret(state: &State, text: &str) -> Result<(Caller, Uuid)> {
    caller::by_secret(state, text).await.map_err(|error| match error.kind() {
        Kind::Unauthenticated => refused(state, error.detail()),
        _ => error.into(),
    })
}

/// User and token. Clients without credentials send both empty: that is nobody.
async fn basic(state: &State, text: &str) -> Result<Presented> {
    let malformed = || refused(state, "the Basic credentials cannot be read");
    let bytes = STANDARD.decode(text).map_err(|_| malformed())?;
    let text = String::from_utf8(bytes).map_err(|_| malformed())?;
    let (user, password) = text.split_once(':').ok_or_else(malformed)?;
    if user.is_empty() && password.is_empty() {
        return Ok(Presented::Nothing);
    }
    let (caller, id) = by_secret(state, password).await?;
    match caller.identity().is_some_and(|who| who.handle.as_str() == user) {
        true => Ok(Presented::Credential(caller, id)),
        false => Err(refused(state, "the token is not one of this user; the user is its owner's handle")),
    }
}

async fn by_token(state: &State, text: &str) -> Result<Presented> {
    let over = || refused(state, "this token is not known, has expired or was revoked");
    let claims: Option<Claims> = signed_as(state, text, TYPE).await?;
    let now = seconds(state.clock.now());
    let claims = claims.filter(|c| c.iss == state.public_url && c.aud == service(state));
    let claims = claims.filter(|c| c.nbf <= now + 5 && c.exp > now).ok_or_else(over)?;
    let Some(id) = claims.token else { return Ok(Presented::Token(Caller::default(), claims.access)) };
    let caller = caller::by_token_id(state, id).await.map_err(|error| match error.kind() {
        Kind::Unauthenticated => over(),
        _ => error.into(),
    })?;
    let same = caller.identity().is_some_and(|who| who.id.to_string() == claims.sub);
    if same { Ok(Presented::Token(caller, claims.access)) } else { Err(over()) }
}

/// What of a request for a token the credential is good for; what it is not is left out.
pub fn granted(who: Option<&Identity>, scopes: impl Iterator<Item = String>) -> Vec<Access> {
    let asked: Vec<String> = scopes.collect();
    let words = asked.iter().flat_map(|s| s.split(' ')).filter(|w| !w.is_empty());
    words.take(MOST_SCOPES).filter_map(|word| grant(who, word)).collect()
}

fn grant(who: Option<&Identity>, scope: &str) -> Option<Access> {
    let rest = scope.strip_prefix("repository:")?;
    let (name, actions) = rest.rsplit_once(':')?;
    name.parse::<Name>().ok()?;
    let good = |action: Action| match who {
        Some(who) => who.scopes.has_any(action.scopes()),
        None => action == Action::Pull,
    };
    let asked = |action: Action| actions.split(',').any(|word| word == action.as_str() || word == "*");
    let all = [Action::Pull, Action::Push, Action::Delete];
    let actions: Vec<_> =
        all.into_iter().filter(|a| asked(*a) && good(*a)).map(|a| a.as_str().to_owned()).collect();
    Some(Access { kind: "repository".to_owned(), name: name.to_owned(), actions })
}

/// A token for the caller of this credential, or for nobody.
pub async fn issue(state: &State, came: &Presented, access: Vec<Access>) -> Result<String> {
    let now = seconds(state.clock.now());
    let caller = came.caller();
    let who = caller.identity();
    let token = match came {
        Presented::Credential(_, id) => Some(*id),
        _ => None,
    };
    let claims = Claims {
        iss: state.public_url.clone(),
        aud: service(state).to_owned(),
        sub: who.map(|who| who.id.to_string()).unwrap_or_default(),
        token,
        access,
        jti: Uuid::now_v7(),
        iat: now,
        nbf: now,
        exp: now + LIFE.as_secs(),
    };
    Ok(state.oauth.keys.current(state).await?.sign(TYPE, &claims)?)
}
