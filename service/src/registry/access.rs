//! Who reaches what of a repository. The request's own credential says what it may do at all; the
//! filter behind the name, and what the caller is to it, say the rest. What may not be seen answers
//! exactly like what is not there.
use super::{
    http::asked,
    name::Name,
    refusal::{Refusal, Result},
    token::{self, About, Action, Presented},
};
use crate::{
    auth::{
        Caller, Identity, UploadTarget,
        access::{self, Relation, Sight},
        again::again,
        granted::look_in_vain,
        names,
    },
    db::{self, WriteTxn},
    error::{Error, Kind},
    filters,
    http::route,
    state::State,
};
use actix_web::{HttpRequest, http::StatusCode};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use tamis_entities::{
    filter, namespace, release,
    value::{MemberRole, ReleaseState, Slug},
};
use uuid::Uuid;

/// A repository that the caller may do the thing with that they came for.
pub struct Repository {
    pub caller: Caller,
    pub name: Name,
    pub namespace: namespace::Model,
    pub filter: filter::Model,
    pub relation: Relation,
}

/// A request on its way to a repository: its credential is read, its object is not yet.
pub struct Door {
    pub came: Presented,
    pub caller: Caller,
    /// None when what was asked for cannot name anything.
    pub name: Option<Name>,
    /// The repository that a mount reads besides.
    source: Option<Name>,
}

impl Door {
    /// Past the credential: what comes back is good for this action, as far as it goes by itself.
    pub async fn open(state: &State, request: &HttpRequest, action: Action) -> Result<Self> {
        let came = token::presented(state, request).await?;
        let text = asked_name(request);
        let name = text.parse::<Name>().ok();
        let source = if action == Action::Push { asked_source(request) } else { None };
        let caller = came.caller();
        let door = Self { came, caller, name, source };
        if !door.came.covers(&text, action) {
            return Err(door.challenged(state, action, "the token is not one for this; ask for another"));
        }
        match door.caller.identity() {
            Some(who) if !who.scopes.has_any(action.scopes()) => {
                let names: Vec<_> = action.scopes().iter().map(|s| format!("`{s}`")).collect();
                let message = format!("this needs a token with the scope {}", names.join(" or "));
                Err(Refusal::denied(message).with(json!({"code": "insufficient-scope"})))
            }
            None if action != Action::Pull => Err(door.challenged(state, action, SIGN_IN)),
            _ if door.lacks_source() => Err(door.challenged(state, action, SOURCE)),
            _ => Ok(door),
        }
    }

    /// A token that could be one for reading the other repository, and is not, is asked for anew.
    fn lacks_source(&self) -> bool {
        let could = self.caller.identity().is_some_and(|who| who.scopes.has_any(Action::Pull.scopes()));
        could && self.source.as_ref().is_some_and(|from| !self.came.covers(&from.to_string(), Action::Pull))
    }

    fn challenged(&self, state: &State, action: Action, message: &str) -> Refusal {
        let target = self.name.as_ref().map(|name| (name, action));
        let about = About { target, source: self.source.as_ref() };
        Refusal::unauthorized(token::challenge(state, about, &self.came), message)
    }

    /// What is absent, to this caller: a stranger is asked who they are before they are told.
    fn absent(&self, state: &State, action: Action) -> Refusal {
        match (&self.name, self.caller.identity()) {
            (Some(_), None) => self.challenged(state, action, SIGN_IN),
            _ => Refusal::name_unknown(),
        }
    }
}

const SIGN_IN: &str = "sign in: `docker login` with your handle and a token";
const SOURCE: &str = "the token is not one for reading the other repository; ask for another";

fn asked_source(request: &HttpRequest) -> Option<Name> {
    asked(request, "mount")?;
    asked(request, "from")?.parse().ok()
}

/// The name in the path, as it was sent.
fn asked_name(request: &HttpRequest) -> String {
    let part = |name: &str| request.match_info().get(name).unwrap_or_default();
    let wasm = route::pattern(request).is_some_and(|pattern| pattern.starts_with("/v2/wasm/{"));
    let prefix = if wasm { super::name::WASM } else { "" };
    format!("{prefix}{}/{}", part("namespace"), part("filter"))
}

/// For reading: the repository, if the caller may see that there is one.
pub async fn pull(state: &State, request: &HttpRequest) -> Result<Repository> {
    through(state, &Door::open(state, request, Action::Pull).await?).await
}

/// The same behind a door that was opened before.
pub async fn through(state: &State, door: &Door) -> Result<Repository> {
    visible(state, door).await?.ok_or_else(|| door.absent(state, Action::Pull))
}

/// For a list that is empty where nothing may be seen.
pub async fn pull_if_any(state: &State, request: &HttpRequest) -> Result<Option<Repository>> {
    let door = Door::open(state, request, Action::Pull).await?;
    match visible(state, &door).await? {
        None if door.caller.identity().is_none() => Err(door.absent(state, Action::Pull)),
        found => Ok(found),
    }
}

async fn visible(state: &State, door: &Door) -> Result<Option<Repository>> {
    match &door.name {
        None => Ok(None),
        Some(name) => look(state, &door.caller, name).await,
    }
}

/// A repository by name, if this caller may see it. Reads follow former names.
pub async fn look(state: &State, caller: &Caller, name: &Name) -> Result<Option<Repository>> {
    let place = names::filter(&*state.db, &name.namespace, &name.filter).await?;
    let Some(place) = place else {
        look_in_vain(state, caller).await?;
        barred(state, Uuid::nil()).await?;
        return Ok(None);
    };
    let relation = Relation::find(&*state.db, caller, &place.filter, state.clock.now()).await?;
    let (caller, name) = (caller.clone(), name.clone());
    let found = Repository { caller, name, namespace: place.namespace, filter: place.filter, relation };
    if found.relation.sees_filter(&found.filter) {
        return Ok(Some(found));
    }
    // What they could read until it was quarantined answers why it cannot be had.
    let was_theirs = |r: &release::Model| found.relation.sight(&found.filter, r) != Sight::Nothing;
    let seen = barred(state, found.filter.id).await?.iter().any(was_theirs);
    Ok(seen.then_some(found))
}

async fn barred(state: &State, filter: Uuid) -> Result<Vec<release::Model>> {
    let here = release::Entity::find().filter(release::Column::FilterId.eq(filter));
    Ok(here.filter(release::Column::State.eq(ReleaseState::Quarantined)).all(&*state.db).await?)
}

/// For an upload under way: to who may not write there is none.
pub async fn session(state: &State, request: &HttpRequest) -> Result<Repository> {
    let door = Door::open(state, request, Action::Push).await?;
    let Some(name) = door.name.clone() else { return Err(Refusal::upload_unknown()) };
    let found = access::target(state, door.caller.clone(), &name.namespace, &name.filter).await;
    let target = found.map_err(|error| match error.kind() {
        Kind::NotFound | Kind::Forbidden | Kind::Conflict => Refusal::upload_unknown(),
        _ => error.into(),
    })?;
    existing(door, target).ok_or_else(Refusal::upload_unknown)
}

fn existing(door: Door, target: UploadTarget) -> Option<Repository> {
    let (Some(name), UploadTarget::Existing(access)) = (door.name, target) else { return None };
    let (caller, filter, relation) = (access.caller, access.filter, access.relation);
    Some(Repository { caller, name, namespace: access.namespace, filter, relation })
}

/// Who may write to a repository, which may be none yet.
pub struct Writer {
    name: Name,
    target: UploadTarget,
    whole: bool,
}

/// For writing. Nothing is made before what came with the request has been looked at.
pub async fn push(state: &State, request: &HttpRequest) -> Result<Writer> {
    let (door, target) = target(state, request, Action::Push).await?;
    let whole = matches!(door.came, Presented::Credential(..));
    let name = door.name.ok_or_else(Refusal::name_invalid)?;
    Ok(Writer { name, target, whole })
}

impl Writer {
    /// Came with all that they may, not with a token for some repositories.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The repository, made if it is not there.
    pub async fn repository(self, state: &State) -> Result<Repository> {
        let name = self.name;
        match self.target {
            UploadTarget::Existing(access) => {
                let (caller, filter, relation) = (access.caller, access.filter, access.relation);
                Ok(Repository { caller, name, namespace: access.namespace, filter, relation })
            }
            UploadTarget::New { caller, namespace, name: filter } => {
                let filter = db::retrying(|| made(state, &caller, &namespace, &filter)).await;
                let filter = filter.map_err(|error| match error.kind() {
                    Kind::Invalid => Refusal::new(StatusCode::BAD_REQUEST, "NAME_INVALID", error.detail()),
                    _ => ended(state, &name, error),
                })?;
                let relation = Relation::find(&*state.db, &caller, &filter, state.clock.now()).await?;
                Ok(Repository { caller, name, namespace, filter, relation })
            }
        }
    }
}

/// For removing: nothing is made for it.
pub async fn delete(state: &State, request: &HttpRequest) -> Result<Repository> {
    let (door, target) = target(state, request, Action::Delete).await?;
    existing(door, target).ok_or_else(Refusal::name_unknown)
}

async fn target(state: &State, request: &HttpRequest, action: Action) -> Result<(Door, UploadTarget)> {
    let door = Door::open(state, request, action).await?;
    let name = door.name.clone().ok_or_else(Refusal::name_invalid)?;
    let found = access::target(state, door.caller.clone(), &name.namespace, &name.filter).await;
    let target = found.map_err(|error| match error.kind() {
        Kind::NotFound => Refusal::name_unknown(),
        _ => error.into(),
    })?;
    Ok((door, target))
}

async fn made(
    state: &State,
    caller: &Caller,
    namespace: &namespace::Model,
    name: &Slug,
) -> Result<filter::Model, Error> {
    let who = caller.identity().ok_or_else(Error::not_found)?;
    let txn = state.db.begin_write().await?;
    // What came with the request may have taken its time.
    let who = &again(&*txn, who, state.clock.now()).await?;
    if who.role_in(namespace.id) < Some(MemberRole::Maintainer) {
        return Err(Error::not_found());
    }
    // Several blobs of one push arrive at once: the first makes it.
    let filter = match access::find_filter(&*txn, namespace.id, name).await? {
        Some(filter) => filter,
        None => filters::create(state, &txn, who, namespace, name).await?,
    };
    txn.commit().await?;
    Ok(filter)
}

/// Whose credential ended while they were served is told where to get another.
fn ended(state: &State, name: &Name, error: Error) -> Refusal {
    if error.kind() != Kind::Unauthenticated {
        return error.into();
    }
    let about = About { target: Some((name, Action::Push)), source: None };
    let challenge = token::challenge(state, about, &Presented::Nothing);
    Refusal::unauthorized(challenge, error.detail())
}

impl Repository {
    pub fn who(&self) -> Result<&Identity> {
        self.caller.identity().ok_or_else(|| Error::unauthenticated("sign in first").into())
    }

    pub fn path(&self) -> String {
        format!("{}/{}", self.namespace.handle, self.filter.name)
    }

    /// Members of the namespace and grantees have all that is in it.
    pub fn is_insider(&self) -> bool {
        self.relation.is_insider()
    }

    /// A refusal of work that took its time.
    pub fn refused(&self, state: &State, error: Error) -> Refusal {
        ended(state, &self.name, error)
    }

    /// Inside the transaction of a write that took its time: whether the caller may write still.
    pub async fn writes_still(&self, state: &State, txn: &WriteTxn<'_>) -> Result<()> {
        let now = state.clock.now();
        let who = again(&**txn, self.who()?, now).await.map_err(|error| self.refused(state, error))?;
        match Relation::of(&**txn, &who, &self.filter, now).await?.writes() {
            true => Ok(()),
            false => Err(Refusal::name_unknown()),
        }
    }
}
