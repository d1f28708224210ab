//! Who reaches what of a repository. The request's own credential says what it may do at all; the
//! filter behind the name, and what the caller is to it, say the rest. What may not be seen answers
//! exactly like what is not there.
use super::{
    name::{Digest, Name},
    refusal::{Refusal, Result},
    token::{self, Action, Presented},
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
    state::State,
};
use actix_web::HttpRequest;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use serde_json::json;
use tamis_entities::{
    filter, namespace, registry_link, registry_manifest, release, release_form,
    value::{ReleaseState, Slug},
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
}

impl Door {
    /// Past the credential: what comes back is good for this action, as far as it goes by itself.
    pub async fn open(state: &State, request: &HttpRequest, action: Action) -> Result<Self> {
        let came = token::presented(state, request).await?;
        let text = asked_name(request);
        let name = text.parse::<Name>().ok();
        let caller = came.caller();
        let door = Self { came, caller, name };
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
            _ => Ok(door),
        }
    }

    fn challenged(&self, state: &State, action: Action, message: &str) -> Refusal {
        let name = self.name.as_ref().map(Name::to_string);
        let scopes: Vec<_> = name.as_deref().map(|name| (name, action)).into_iter().collect();
        Refusal::unauthorized(token::challenge(state, &scopes, &self.came), message)
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

/// The name in the path, as it was sent.
fn asked_name(request: &HttpRequest) -> String {
    let part = |name: &str| request.match_info().get(name).unwrap_or_default();
    let wasm = request.match_pattern().is_some_and(|pattern| pattern.starts_with("/v2/wasm/{"));
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

/// A mount reads another repository: a token that could be one for both, and is not, is asked for anew.
pub fn reads_source(
    state: &State,
    repository: &Repository,
    came: &Presented,
    from: Option<&str>,
) -> Result<()> {
    let Some(source) = from.and_then(|from| from.parse::<Name>().ok()).map(|name| name.to_string()) else {
        return Ok(());
    };
    let could = repository.who()?.scopes.has_any(Action::Pull.scopes());
    if !could || came.covers(&source, Action::Pull) {
        return Ok(());
    }
    let target = repository.name.to_string();
    let scopes = [(target.as_str(), Action::Push), (source.as_str(), Action::Pull)];
    let message = "the token is not one for reading the other repository; ask for another";
    Err(Refusal::unauthorized(token::challenge(state, &scopes, came), message))
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

/// For writing: the repository, made if it is not there and the caller may make it.
pub async fn push(state: &State, request: &HttpRequest) -> Result<Repository> {
    let (door, target) = target(state, request, Action::Push).await?;
    let name = door.name.clone().ok_or_else(Refusal::name_invalid)?;
    match target {
        UploadTarget::Existing(access) => {
            let (caller, filter, relation) = (access.caller, access.filter, access.relation);
            Ok(Repository { caller, name, namespace: access.namespace, filter, relation })
        }
        UploadTarget::New { caller, namespace, name: filter } => {
            let filter = db::retrying(|| made(state, &caller, &namespace, &filter)).await?;
            let relation = Relation::find(&*state.db, &caller, &filter, state.clock.now()).await?;
            Ok(Repository { caller, name, namespace, filter, relation })
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
    // Several blobs of one push arrive at once: the first makes it.
    let filter = match access::find_filter(&*txn, namespace.id, name).await? {
        Some(filter) => filter,
        None => filters::create(state, &txn, who, namespace, name).await?,
    };
    txn.commit().await?;
    Ok(filter)
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

    /// Inside the transaction of a write that took its time: whether the caller may write still.
    pub async fn writes_still(&self, state: &State, txn: &WriteTxn<'_>) -> Result<()> {
        let now = state.clock.now();
        let who = again(&**txn, self.who()?, now).await?;
        match Relation::of(&**txn, &who, &self.filter, now).await?.writes() {
            true => Ok(()),
            false => Err(Refusal::name_unknown()),
        }
    }

    /// What the caller may have of something that these releases hold: `None` says that the releases
    /// do not decide it.
    fn judge(&self, releases: &[release::Model]) -> Result<Option<Opened>> {
        let mut best: Option<Opened> = None;
        let mut metadata = false;
        for release in releases {
            let sight = self.relation.sight(&self.filter, release);
            if release.state == ReleaseState::Quarantined && sight != Sight::Bytes && sight != Sight::Nothing
            {
                return Err(Refusal::denied(access::quarantined(release).detail()));
            }
            metadata |= sight == Sight::Metadata;
            let open = matches!(release.state, ReleaseState::Published | ReleaseState::Yanked);
            if sight == Sight::Bytes && (open || best.is_none()) {
                let how = if open { Open::Public } else { Open::Private };
                best = Some(Opened { how, release: Some(release.id) });
            }
        }
        match metadata && best.is_none() {
            true => Err(Refusal::denied("an administrator sees that this release exists, not its bytes")),
            false => Ok(best),
        }
    }

    /// Whether the caller may have a manifest; an error if they may know why not.
    pub async fn opens(&self, state: &State, manifest: &Found) -> Result<Option<Opened>> {
        let mut at = manifest.clone();
        let inside = self.is_insider().then_some(Opened { how: Open::Private, release: None });
        // A signature of an attestation of a module is three away from it.
        for _ in 0..4 {
            let releases = releases_of(state, at.id).await?;
            if let Some(open) = self.judge(&releases)? {
                return Ok(Some(open));
            }
            let Some(subject) = at.subject.take() else { break };
            let Some(next) = find(state, self.filter.id, &subject).await? else { break };
            at = next;
        }
        Ok(inside)
    }

    /// The same for a blob: by the manifests that name it.
    pub async fn opens_blob(&self, state: &State, digest: &Digest) -> Result<Option<Opened>> {
        let releases = release::Entity::find()
            .filter(release::Column::FilterId.eq(self.filter.id))
            .filter(release::Column::Id.in_subquery(holding(digest)))
            .all(&*state.db)
            .await?;
        if let Some(open) = self.judge(&releases)? {
            return Ok(Some(open));
        }
        if self.is_insider() {
            return Ok(Some(Opened { how: Open::Private, release: None }));
        }
        let naming = registry_link::Entity::find()
            .select_only()
            .column(registry_link::Column::ManifestId)
            .filter(registry_link::Column::Digest.eq(digest.as_str()));
        let referrers = select()
            .filter(registry_manifest::Column::FilterId.eq(self.filter.id))
            .filter(registry_manifest::Column::Subject.is_not_null())
            .filter(registry_manifest::Column::Id.in_subquery(naming.into_query()))
            .limit(MOST_REFERRERS);
        for manifest in referrers.into_model::<Found>().all(&*state.db).await? {
            if let Some(open) = self.opens(state, &manifest).await? {
                return Ok(Some(open));
            }
        }
        Ok(None)
    }
}

/// How many manifests that share a blob are looked at for a stranger.
const MOST_REFERRERS: u64 = 50;

/// How open something is that the caller may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// Anyone may have it.
    Public,
    Private,
}

/// By what the caller may have it.
#[derive(Clone, Copy, Debug)]
pub struct Opened {
    pub how: Open,
    pub release: Option<Uuid>,
}

/// A manifest without its bytes.
#[derive(Clone, Debug, sea_orm::FromQueryResult)]
pub struct Found {
    pub id: Uuid,
    pub digest: String,
    pub subject: Option<String>,
}

fn select() -> sea_orm::Select<registry_manifest::Entity> {
    use registry_manifest::Column::{Digest, Id, Subject};
    registry_manifest::Entity::find().select_only().columns([Id, Digest, Subject])
}

pub async fn find(state: &State, filter: Uuid, digest: &str) -> Result<Option<Found>> {
    let here = select().filter(registry_manifest::Column::FilterId.eq(filter));
    let named = here.filter(registry_manifest::Column::Digest.eq(digest));
    Ok(named.into_model::<Found>().one(&*state.db).await?)
}

/// The releases that a manifest is a form of.
pub async fn releases_of(state: &State, manifest: Uuid) -> Result<Vec<release::Model>> {
    let of = release_form::Entity::find()
        .select_only()
        .column(release_form::Column::ReleaseId)
        .filter(release_form::Column::ManifestId.eq(manifest));
    let releases = release::Entity::find().filter(release::Column::Id.in_subquery(of.into_query()));
    Ok(releases.all(&*state.db).await?)
}

/// The ids of releases with a form that names this blob.
fn holding(digest: &Digest) -> sea_orm::sea_query::SelectStatement {
    let naming = registry_link::Entity::find()
        .select_only()
        .column(registry_link::Column::ManifestId)
        .filter(registry_link::Column::Digest.eq(digest.as_str()));
    release_form::Entity::find()
        .select_only()
        .column(release_form::Column::ReleaseId)
        .filter(release_form::Column::ManifestId.in_subquery(naming.into_query()))
        .into_query()
}
