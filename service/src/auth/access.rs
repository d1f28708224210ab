//! Extractors that hand over rows only after the check: what the route's row in `table`
//! asks for is decided here, once, from what the caller is to the object.
use super::{
    caller::{Caller, Identity},
    granted::{grant_on, look_in_vain},
    names,
    table::{Need, Rule},
};
use crate::{
    error::{Error, Result},
    state::State,
};
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use std::{future::Future, pin::Pin, str::FromStr};
use tamis_entities::{
    filter, namespace, release, review,
    value::{GrantLevel, MemberRole, ReleaseState, Role, Slug, Timestamp, Version, Visibility},
};
use uuid::Uuid;

/// What a caller is to one filter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Relation {
    pub id: Option<Uuid>,
    pub member: Option<MemberRole>,
    pub grant: Option<GrantLevel>,
    pub admin: bool,
    pub curator: bool,
    /// A curator with a review on this filter.
    pub reviews: bool,
}

impl Relation {
    pub async fn find<C: ConnectionTrait>(
        db: &C,
        caller: &Caller,
        filter: &filter::Model,
        now: Timestamp,
    ) -> Result<Self> {
        let Some(who) = caller.identity() else { return Ok(Self::default()) };
        Self::of(db, who, filter, now).await
    }

    pub async fn of<C: ConnectionTrait>(
        db: &C,
        who: &Identity,
        filter: &filter::Model,
        now: Timestamp,
    ) -> Result<Self> {
        if !who.covers(filter) {
            return Ok(Self { id: Some(who.id), ..Self::default() });
        }
        let member = who.role_on(filter);
        let grant = grant_on(db, who, filter.id, now).await?;
        let curator = who.is_curator();
        let reviews = curator
            && review::Entity::find().filter(review::Column::FilterId.eq(filter.id)).count(db).await? > 0;
        Ok(Self { id: Some(who.id), member, grant, admin: who.role == Role::Admin, curator, reviews })
    }

    /// Member of the namespace, or holder of a grant: sees every release.
    pub fn is_insider(&self) -> bool {
        self.member.is_some() || self.grant.is_some()
    }

    /// May make and change releases. The admin role does not give this.
    pub fn writes(&self) -> bool {
        self.member >= Some(MemberRole::Maintainer) || self.grant == Some(GrantLevel::Write)
    }

    pub fn manages(&self) -> bool {
        self.member >= Some(MemberRole::Maintainer)
    }

    /// Owner of the namespace: may give the filter away.
    pub fn owns(&self) -> bool {
        self.member == Some(MemberRole::Owner)
    }

    pub fn sees_filter(&self, filter: &filter::Model) -> bool {
        self.is_insider()
            || filter.published_releases > 0
            || (filter.visibility == Visibility::Public && self.id.is_some())
            || self.reviews
            || self.admin
    }

    pub fn sight(&self, filter: &filter::Model, release: &release::Model) -> Sight {
        let open = |state: ReleaseState| match state {
            ReleaseState::Published | ReleaseState::Yanked => true,
            _ => filter.visibility == Visibility::Public && self.id.is_some(),
        };
        if release.state == ReleaseState::Quarantined {
            let author = self.id == Some(release.created_by);
            if self.is_insider() || self.curator || self.admin {
                return if author || self.curator { Sight::Bytes } else { Sight::Metadata };
            }
            return if open(release.prior_state.unwrap_or(ReleaseState::Draft)) {
                Sight::Barred
            } else {
                Sight::Nothing
            };
        }
        if self.is_insider() || self.reviews || open(release.state) {
            return Sight::Bytes;
        }
        if self.admin { Sight::Metadata } else { Sight::Nothing }
    }
}

/// How much of a release a caller gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    Nothing,
    /// It was theirs to read until it was quarantined: they are told so.
    Barred,
    Metadata,
    Bytes,
}

pub struct FilterAccess {
    pub caller: Caller,
    pub namespace: namespace::Model,
    pub filter: filter::Model,
    pub relation: Relation,
}

pub struct ReleaseAccess {
    pub access: FilterAccess,
    pub release: release::Model,
}

/// Where a release is to be made: in a filter that exists, or in one that will.
pub enum UploadTarget {
    Existing(Box<FilterAccess>),
    New { caller: Caller, namespace: namespace::Model, name: Slug },
}

pub struct ReviewAccess {
    pub access: FilterAccess,
    pub review: review::Model,
    pub release: release::Model,
}

/// A path segment as a value; one that cannot name anything is an absent one.
pub fn segment<T: FromStr>(request: &HttpRequest, name: &str) -> Result<T> {
    request.match_info().get(name).and_then(|text| text.parse().ok()).ok_or_else(Error::not_found)
}

fn context(request: &HttpRequest) -> Result<(web::Data<State>, Caller, Rule)> {
    let state = request.app_data::<web::Data<State>>().cloned();
    let caller = request.extensions().get::<Caller>().cloned();
    let rule = request.extensions().get::<Rule>().copied();
    match (state, caller, rule) {
        (Some(state), Some(caller), Some(rule)) => Ok((state, caller, rule)),
        _ => Err(Error::internal("a handler ran without the authorisation middleware")),
    }
}

pub async fn find_namespace<C: ConnectionTrait>(db: &C, handle: &Slug) -> Result<Option<namespace::Model>> {
    Ok(namespace::Entity::find().filter(namespace::Column::Handle.eq(handle.clone())).one(db).await?)
}

pub async fn find_filter<C: ConnectionTrait>(
    db: &C,
    namespace: Uuid,
    name: &Slug,
) -> Result<Option<filter::Model>> {
    let by_name = filter::Entity::find().filter(filter::Column::NamespaceId.eq(namespace));
    Ok(by_name.filter(filter::Column::Name.eq(name.clone())).one(db).await?)
}

/// The filter as it is now, held until the transaction ends. Whoever changes a filter, its
/// reviews or its releases takes this lock first, so that no two of them wait in a circle.
pub async fn lock_filter<C: ConnectionTrait>(db: &C, id: Uuid) -> Result<Option<filter::Model>> {
    Ok(filter::Entity::find_by_id(id).lock_exclusive().one(db).await?)
}

pub async fn find_release<C: ConnectionTrait>(
    db: &C,
    filter: Uuid,
    version: &Version,
) -> Result<Option<release::Model>> {
    let by_version = release::Entity::find().filter(release::Column::FilterId.eq(filter));
    Ok(by_version.filter(release::Column::Version.eq(version.clone())).one(db).await?)
}

/// The same, for who has looked at it before: refused when it went to another namespace since,
/// because what they were to it there says nothing about here.
pub async fn relock_filter<C: ConnectionTrait>(db: &C, seen: &filter::Model) -> Result<filter::Model> {
    let now = lock_filter(db, seen.id).await?.ok_or_else(Error::not_found)?;
    match now.namespace_id == seen.namespace_id {
        true => Ok(now),
        false => {
            Err(Error::conflict("conflict", "the filter was transferred at the same moment; read it again"))
        }
    }
}

/// Loads a filter by name, for writing, and what the caller is to it; decides nothing else
/// yet. A former name leads nowhere; who may see the filter is told the present one.
pub async fn load_filter(state: &State, caller: Caller, handle: &Slug, name: &Slug) -> Result<FilterAccess> {
    let (access, former) = load_by_any_name(state, caller, handle, name).await?;
    match former {
        false => Ok(access),
        true if access.relation.sees_filter(&access.filter) => Err(names::renamed(access.name())),
        true => Err(Error::not_found()),
    }
}

async fn load_by_any_name(
    state: &State,
    caller: Caller,
    handle: &Slug,
    name: &Slug,
) -> Result<(FilterAccess, bool)> {
    let place = names::filter(&*state.db, handle, name).await?.ok_or_else(Error::not_found)?;
    let relation = Relation::find(&*state.db, &caller, &place.filter, state.clock.now()).await?;
    let (namespace, filter) = (place.namespace, place.filter);
    Ok((FilterAccess { caller, namespace, filter, relation }, place.former))
}

/// The filter in the path: reads follow former names.
async fn named_filter(request: &HttpRequest) -> Result<(web::Data<State>, FilterAccess, Need)> {
    let (state, caller, rule) = context(request)?;
    let (handle, name) = (segment(request, "namespace")?, segment(request, "filter")?);
    let access = match rule.method {
        "GET" => load_by_any_name(&state, caller, &handle, &name).await?.0,
        _ => load_filter(&state, caller, &handle, &name).await?,
    };
    Ok((state, access, rule.need))
}

impl FilterAccess {
    pub fn who(&self) -> Result<&Identity> {
        self.caller.identity().ok_or_else(|| Error::unauthenticated("sign in, or send a token"))
    }

    pub fn name(&self) -> String {
        format!("{}/{}", self.namespace.handle, self.filter.name)
    }

    /// Refuses with 403 only those who may know that the filter is there.
    pub fn check(&self, need: Need) -> Result<()> {
        let allowed = match need {
            Need::WriteFilter => self.relation.writes(),
            Need::ManageFilter => self.relation.manages(),
            Need::OwnFilter => self.relation.owns(),
            _ => self.relation.sees_filter(&self.filter),
        };
        match (allowed, self.relation.sees_filter(&self.filter)) {
            (true, _) => Ok(()),
            (false, true) => {
                Err(Error::forbidden("role", "you may see this filter; changing it takes write access to it"))
            }
            (false, false) => Err(Error::not_found()),
        }
    }
}

async fn filter_access(request: &HttpRequest) -> Result<FilterAccess> {
    let (_, access, need) = named_filter(request).await?;
    access.check(need)?;
    Ok(access)
}

async fn upload_target(request: &HttpRequest) -> Result<UploadTarget> {
    let (state, caller, _) = context(request)?;
    let (handle, name) = (segment(request, "namespace")?, segment(request, "filter")?);
    target(&state, caller, &handle, &name).await
}

/// The filter if it is there and may be written, or the right to make it.
pub async fn target(state: &State, caller: Caller, handle: &Slug, name: &Slug) -> Result<UploadTarget> {
    if names::filter(&*state.db, handle, name).await?.is_some() {
        let access = load_filter(state, caller, handle, name).await?;
        access.check(Need::WriteFilter)?;
        return Ok(UploadTarget::Existing(Box::new(access)));
    }
    let (namespace, former) = names::namespace(&*state.db, handle).await?.ok_or_else(Error::not_found)?;
    let role = caller.identity().and_then(|who| who.role_in(namespace.id));
    match role >= Some(MemberRole::Maintainer) {
        true if former => Err(names::renamed(format!("{}/{name}", namespace.handle))),
        true => Ok(UploadTarget::New { caller, namespace, name: name.clone() }),
        false => Err(Error::not_found()),
    }
}

async fn release_access(request: &HttpRequest) -> Result<ReleaseAccess> {
    let found = named_filter(request).await;
    // Of no filter there is no release; it takes as long to say so.
    let of = found.as_ref().map_or(Uuid::nil(), |(_, access, _)| access.filter.id);
    let (state, _, _) = context(request)?;
    let release = find_release(&*state.db, of, &segment(request, "version")?).await?;
    let (_, access, need) = found?;
    let release = release.ok_or_else(Error::not_found)?;
    check_release(&access, &release, need)?;
    Ok(ReleaseAccess { access, release })
}

pub fn quarantined(release: &release::Model) -> Error {
    let reason = release.state_reason.as_deref().unwrap_or("no reason given");
    Error::forbidden("quarantined", format!("this release is quarantined: {reason}"))
}

pub fn check_release(access: &FilterAccess, release: &release::Model, need: Need) -> Result<()> {
    match access.relation.sight(&access.filter, release) {
        Sight::Nothing => Err(Error::not_found()),
        Sight::Barred => Err(quarantined(release)),
        _ if need == Need::WriteFilter => access.check(need),
        Sight::Metadata if need == Need::ReadBytes && release.state == ReleaseState::Quarantined => {
            Err(quarantined(release))
        }
        Sight::Metadata if need == Need::ReadBytes => Err(Error::forbidden(
            "metadata-only",
            "an administrator sees that this release exists, not its bytes",
        )),
        _ => Ok(()),
    }
}

async fn review_access(request: &HttpRequest) -> Result<ReviewAccess> {
    let (state, caller, rule) = context(request)?;
    load_review(&state, caller, segment(request, "id")?, rule.need).await
}

pub async fn load_review(state: &State, caller: Caller, id: Uuid, need: Need) -> Result<ReviewAccess> {
    let missing = Error::not_found;
    // An absent one is looked for as long as one that is not for this caller's eyes.
    let review = review::Entity::find_by_id(id).one(&*state.db).await?;
    let (of, at) = review.as_ref().map_or((Uuid::nil(), Uuid::nil()), |r| (r.filter_id, r.release_id));
    let filter = filter::Entity::find_by_id(of).one(&*state.db).await?;
    let release = release::Entity::find_by_id(at).one(&*state.db).await?;
    let home = filter.as_ref().map_or(Uuid::nil(), |f| f.namespace_id);
    let namespace = namespace::Entity::find_by_id(home).one(&*state.db).await?;
    let (Some(review), Some(filter), Some(release), Some(namespace)) = (review, filter, release, namespace)
    else {
        look_in_vain(state, &caller).await?;
        return Err(missing());
    };
    let relation = Relation::find(&*state.db, &caller, &filter, state.clock.now()).await?;
    let covered = caller.identity().is_some_and(|who| who.covers(&filter));
    // Who asked and was removed since is nobody here any more.
    let submitter = covered && relation.id == Some(review.submitted_by) && relation.is_insider();
    if !(submitter || relation.writes() || relation.curator) {
        return Err(missing());
    }
    if need == Need::VoteReview {
        if !relation.curator {
            return Err(Error::forbidden("role", "only curators vote"));
        }
        if submitter || relation.writes() || relation.id == Some(release.created_by) {
            return Err(Error::forbidden(
                "own-work",
                "who submitted, uploaded or may write a filter does not vote on it",
            ));
        }
    }
    Ok(ReviewAccess { access: FilterAccess { caller, namespace, filter, relation }, review, release })
}

macro_rules! extract {
    ($type:ty, $load:path) => {
        impl FromRequest for $type {
            type Error = Error;
            type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;
            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let request = request.clone();
                Box::pin(async move { $load(&request).await })
            }
        }
    };
}
extract!(FilterAccess, filter_access);
extract!(UploadTarget, upload_target);
extract!(ReleaseAccess, release_access);
extract!(ReviewAccess, review_access);
