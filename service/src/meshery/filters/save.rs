//! Saving: a name and bytes make a filter with its first release; other bytes of the same filter make the next
//! release of it; what carries no bytes makes none and wipes nothing.
use super::{
    find::find,
    given::{Details, Given},
    project::keep,
    slug,
};
use crate::{
    auth::{
        Caller, FilterAccess, Identity, UploadTarget,
        access::{self, find_namespace},
        table::Need,
    },
    db,
    error::{Error, Result},
    filters::{
        self,
        change::{FilterChange, MetadataChange, Patch},
    },
    modules::spool::{self, Spooled},
    releases,
    state::State,
};
use bytes::Bytes;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use tamis_entities::{
    filter, namespace, release, tombstone,
    value::{Sha256, Slug, Version},
};
use uuid::Uuid;

/// How often a name or a version may be taken by somebody else while we work.
const TRIES: usize = 5;

pub fn who(caller: &Caller) -> Result<&Identity> {
    caller.identity().ok_or_else(|| Error::unauthenticated("sign in, or send a token"))
}

/// Saves what a Meshery sent; the filter as it is then.
pub async fn save(state: &State, caller: &Caller, given: Given) -> Result<FilterAccess> {
    let (id, file) = (given.id, given.file.map(Bytes::from));
    let change = Change { name: given.name, visibility: given.visibility, details: given.details };
    match id {
        Some(id) => update(state, find(state, caller, id, Need::WriteFilter).await?, file, change).await,
        None => create(state, caller, file, change).await,
    }
}

pub struct Change {
    pub name: Option<String>,
    pub visibility: Option<tamis_entities::value::Visibility>,
    pub details: Details,
}

async fn receive(state: &State, bytes: &Bytes) -> Result<Spooled> {
    let once = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(bytes.clone())]);
    spool::receive_as(state, once, "filter_file").await
}

/// Where this person's own filters are.
pub async fn home(state: &State, caller: &Caller) -> Result<namespace::Model> {
    let who = who(caller)?;
    let found = find_namespace(&*state.db, &who.handle).await?;
    found.filter(|n| who.role_in(n.id).is_some()).ok_or_else(|| {
        Error::forbidden("role", "this credential has no namespace of its own to make filters in")
    })
}

pub async fn create(
    state: &State,
    caller: &Caller,
    file: Option<Bytes>,
    change: Change,
) -> Result<FilterAccess> {
    let home = home(state, caller).await?;
    let name = change.name.clone().unwrap_or_else(|| "filter".to_owned());
    // What is said of it is judged before anything is made.
    filters::change::check_texts(&name, "", None, None)?;
    let mut last = Error::conflict("conflict", "this name was taken again and again; try another");
    for _ in 0..TRIES {
        let slug = slug::free(state, home.id, &name).await?;
        let made = match &file {
            Some(bytes) => first(state, caller, &home, &slug, bytes).await,
            None => empty(state, caller, &home, &slug).await,
        };
        match made {
            Ok(filter) => return describe(state, access(state, caller, home, filter).await?, change).await,
            // Somebody was faster with this name.
            Err(e) if ["name-taken", "conflict", "release-exists", "version-retired"].contains(&e.code()) => {
                last = e;
            }
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

async fn first(
    state: &State,
    caller: &Caller,
    home: &namespace::Model,
    slug: &Slug,
    bytes: &Bytes,
) -> Result<filter::Model> {
    let target = UploadTarget::New { caller: caller.clone(), namespace: home.clone(), name: slug.clone() };
    // A filter of this name may have been there and gone: its versions stay taken.
    let version = next_version(state, home.id, slug, None).await?;
    let spooled = receive(state, bytes).await?;
    let uploaded = releases::upload(state, target, &version, spooled, MetadataChange::default()).await?;
    match uploaded.created {
        true => Ok(uploaded.filter),
        // Another save of the same bytes made it at this moment; each save makes one of its own.
        false => {
            Err(Error::conflict("conflict", "somebody else made this filter at the same moment; try again"))
        }
    }
}

async fn empty(
    state: &State,
    caller: &Caller,
    home: &namespace::Model,
    slug: &Slug,
) -> Result<filter::Model> {
    let txn = state.db.begin_write().await?;
    let filter = filters::create(state, &txn, who(caller)?, home, slug).await?;
    txn.commit().await?;
    Ok(filter)
}

async fn access(
    state: &State,
    caller: &Caller,
    namespace: namespace::Model,
    filter: filter::Model,
) -> Result<FilterAccess> {
    let relation = access::Relation::find(&*state.db, caller, &filter, state.clock.now()).await?;
    Ok(FilterAccess { caller: caller.clone(), namespace, filter, relation })
}

pub async fn update(
    state: &State,
    access: FilterAccess,
    file: Option<Bytes>,
    change: Change,
) -> Result<FilterAccess> {
    if let Some(name) = &change.name {
        filters::change::check_texts(name, "", None, None)?;
    }
    if let Some(bytes) = file {
        next_release(state, &access, &bytes).await?;
    }
    describe(state, access, change).await
}

/// A draft of the next patch version, unless the newest release has these bytes.
async fn next_release(state: &State, access: &FilterAccess, bytes: &Bytes) -> Result<()> {
    let digest = Sha256::of(bytes);
    let mut refused = Error::conflict("conflict", "others made releases at the same moment; try again");
    for _ in 0..TRIES {
        let releases = release::Entity::find().filter(release::Column::FilterId.eq(access.filter.id));
        let newest = releases.all(&*state.db).await?.into_iter().max_by_key(|r| r.version.semver());
        if newest.as_ref().is_some_and(|newest| newest.sha256 == digest) {
            return Ok(());
        }
        let filter = &access.filter;
        let last = newest.map(|n| n.version);
        let version = next_version(state, filter.namespace_id, &filter.name, last).await?;
        let target = UploadTarget::Existing(Box::new(FilterAccess {
            caller: access.caller.clone(),
            namespace: access.namespace.clone(),
            filter: access.filter.clone(),
            relation: access.relation,
        }));
        let spooled = receive(state, bytes).await?;
        match releases::upload(state, target, &version, spooled, MetadataChange::default()).await {
            Ok(_) => return Ok(()),
            Err(e) if ["release-exists", "version-retired"].contains(&e.code()) => refused = e,
            Err(error) => return Err(error),
        }
    }
    Err(refused)
}

fn first_version() -> Result<Version> {
    "0.1.0".parse().map_err(|_| Error::internal("0.1.0 is a version"))
}

/// After the newest that is or was there: a deleted version is not given to other bytes.
async fn next_version(
    state: &State,
    namespace: Uuid,
    name: &Slug,
    newest: Option<Version>,
) -> Result<Version> {
    let buried = tombstone::Entity::find()
        .filter(tombstone::Column::NamespaceId.eq(namespace))
        .filter(tombstone::Column::Name.eq(name.clone()));
    let buried = buried.all(&*state.db).await?.into_iter().map(|t| t.version);
    let Some(last) = buried.chain(newest).map(|v| v.semver()).max() else { return first_version() };
    let next = format!("{}.{}.{}", last.major, last.minor, last.patch.saturating_add(1));
    next.parse().map_err(|_| Error::conflict("conflict", format!("there is no version after {last}")))
}

/// What is said of it, in one transaction, and only what is new.
async fn describe(state: &State, access: FilterAccess, change: Change) -> Result<FilterAccess> {
    let filter = db::retrying(|| described(state, &access, &change)).await?;
    Ok(FilterAccess { filter, ..access })
}

async fn described(state: &State, access: &FilterAccess, change: &Change) -> Result<filter::Model> {
    let txn = state.db.begin_write().await?;
    let mut filter = access::relock_filter(&*txn, &access.filter).await?;
    let title = change.name.clone().filter(|name| *name != filter.title);
    let visibility = change.visibility.filter(|v| *v != filter.visibility);
    let kept = keep(&txn, filter.id, &change.details).await?;
    if title.is_some() || visibility.is_some() || kept {
        let change = FilterChange {
            title: title.map_or(Patch::Keep, Patch::Set),
            visibility,
            ..FilterChange::default()
        };
        filter = filters::apply(state, &txn, access.who()?, &access.namespace, filter, change).await?;
    }
    txn.commit().await?;
    Ok(filter)
}
