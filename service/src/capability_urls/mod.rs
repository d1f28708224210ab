//! Capability URLs: a proxy that fetches a module sends no credentials, so what not everyone may
//! have gets a URL that is a secret itself. It is for one release, has a name, ends, and can be
//! revoked; the secret is made of the row's id and is neither stored nor logged.
pub mod http;
pub mod key;
pub mod view;
pub mod warn;

use crate::{
    audit::{self, Actor},
    auth::{FilterAccess, access, table::Need},
    db::WriteTxn,
    error::{Error, Result},
    modules::stopped,
    publishing::exchange::still,
    state::State,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
};
use serde_json::json;
use std::time::Duration;
use tamis_entities::{
    capability_url, release,
    value::{Scope, Slug, Timestamp},
};
use uuid::Uuid;
use view::{CapabilityUrlRequest, RenewalRequest};

const MOST: u64 = 100;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// A proxy that fails to fetch does not try again, so it is long by default.
const LIFE: Duration = Duration::from_secs(365 * 24 * 3600);
const LONGEST: Duration = Duration::from_secs(3 * 365 * 24 * 3600);

/// With the version that it is for.
pub type Found = (capability_url::Model, release::Model);

fn end(given: Option<Timestamp>, now: Timestamp) -> Result<Timestamp> {
    let end = given.unwrap_or_else(|| now.plus(LIFE));
    match end > now && end <= now.plus(LONGEST) {
        true => Ok(end),
        false => Err(Error::invalid("expires_at", "in the future, and at most three years away")),
    }
}

pub async fn create(state: &State, access: &FilterAccess, asked: CapabilityUrlRequest) -> Result<Found> {
    let (who, now) = (access.who()?, state.clock.now());
    let expires_at = end(asked.expires_at, now)?;
    let release = access::find_release(&*state.db, access.filter.id, &asked.version).await?;
    let release =
        release.ok_or_else(|| Error::invalid("version", "the filter has no release of this version"))?;
    // Whoever hands out the bytes may have them.
    access::check_release(access, &release, Need::ReadRelease)?;
    let row = capability_url::Model {
        id: Uuid::now_v7(),
        filter_id: access.filter.id,
        release_id: release.id,
        name: asked.name,
        created_by: who.id,
        created_at: now,
        expires_at,
        warned_at: None,
    };
    let txn = begin(state, access).await?;
    let of_filter =
        || capability_url::Entity::find().filter(capability_url::Column::FilterId.eq(access.filter.id));
    let named = of_filter().filter(capability_url::Column::Name.eq(row.name.clone())).one(&*txn).await?;
    // One that has ended gives its name back.
    if let Some(ended) = named.as_ref().filter(|other| other.expires_at <= now) {
        capability_url::Entity::delete_by_id(ended.id).exec(&*txn).await?;
    } else if named.is_some() {
        let detail =
            "the filter has a capability URL of this name; renew or revoke that one, or choose another name";
        return Err(Error::conflict("name-taken", detail));
    }
    if of_filter().count(&*txn).await? >= MOST {
        return Err(Error::invalid("name", format!("a filter has at most {MOST} capability URLs")));
    }
    capability_url::Entity::insert(row.clone().into_active_model()).exec_without_returning(&*txn).await?;
    record(state, txn, access, "create", (&row, &release)).await?;
    Ok((row, release))
}

/// The URL stays; the day on which it ends moves.
pub async fn renew(state: &State, access: &FilterAccess, id: Uuid, asked: RenewalRequest) -> Result<Found> {
    let expires_at = end(asked.expires_at, state.clock.now())?;
    let txn = begin(state, access).await?;
    let (mut row, release) = of(&txn, access, id).await?;
    // Nobody who names no day means an earlier one.
    row.expires_at = if asked.expires_at.is_none() { expires_at.max(row.expires_at) } else { expires_at };
    row.warned_at = None;
    let change = capability_url::ActiveModel {
        id: Set(row.id),
        expires_at: Set(row.expires_at),
        warned_at: Set(None),
        ..Default::default()
    };
    capability_url::Entity::update(change).exec(&*txn).await?;
    record(state, txn, access, "renew", (&row, &release)).await?;
    Ok((row, release))
}

pub async fn revoke(state: &State, access: &FilterAccess, id: Uuid) -> Result<()> {
    let txn = begin(state, access).await?;
    let (row, release) = of(&txn, access, id).await?;
    capability_url::Entity::delete_by_id(row.id).exec(&*txn).await?;
    record(state, txn, access, "revoke", (&row, &release)).await
}

/// A transaction in which the caller still manages the filter.
async fn begin<'a>(state: &'a State, access: &FilterAccess) -> Result<WriteTxn<'a>> {
    let txn = state.db.begin_write().await?;
    let manages = still(state, &txn, access.who()?.id, access.filter.id, |r| r.manages()).await?;
    manages.ok_or_else(Error::not_found)?;
    Ok(txn)
}

async fn of(txn: &WriteTxn<'_>, access: &FilterAccess, id: Uuid) -> Result<Found> {
    let mine = capability_url::Entity::find_by_id(id)
        .filter(capability_url::Column::FilterId.eq(access.filter.id))
        .one(&**txn);
    let row = mine.await?.ok_or_else(Error::not_found)?;
    let release = release::Entity::find_by_id(row.release_id).one(&**txn).await?;
    Ok((row, release.ok_or_else(Error::not_found)?))
}

async fn record(
    state: &State,
    txn: WriteTxn<'_>,
    access: &FilterAccess,
    act: &str,
    (row, release): (&capability_url::Model, &release::Model),
) -> Result<()> {
    let detail = json!({"id": row.id, "name": row.name, "version": release.version, "digest": release.sha256, "expires_at": row.expires_at});
    let (action, object) = (format!("capability-url.{act}"), format!("filter:{}", access.name()));
    audit::record(&*txn, &state.clock, &Actor::from(access.who()?), &action, object, detail).await?;
    txn.commit().await
}

/// All of a filter's, in the order in which they end.
pub async fn list(state: &State, access: &FilterAccess) -> Result<Vec<Found>> {
    let rows = capability_url::Entity::find()
        .filter(capability_url::Column::FilterId.eq(access.filter.id))
        .order_by_asc(capability_url::Column::ExpiresAt)
        .order_by_asc(capability_url::Column::Id)
        .find_also_linked(key::ToRelease)
        .all(&*state.db)
        .await?;
    Ok(rows.into_iter().filter_map(|(row, release)| Some((row, release?))).collect())
}

/// Those of a filter that open something now, whoever asks.
pub async fn living(state: &State, filter: Uuid) -> Result<Vec<capability_url::Model>> {
    let living = capability_url::Entity::find()
        .filter(capability_url::Column::FilterId.eq(filter))
        .filter(capability_url::Column::ExpiresAt.gt(state.clock.now()));
    Ok(living.order_by_asc(capability_url::Column::Id).all(&*state.db).await?)
}

/// The one for a configuration of this release: by its name, or the one that lasts longest. Only who
/// may make one is shown a URL.
pub async fn for_release(
    state: &State,
    access: &FilterAccess,
    release: &release::Model,
    name: Option<&str>,
) -> Result<Option<capability_url::Model>> {
    let who = access.caller.identity();
    let may = access.relation.manages() && who.is_some_and(|w| w.scopes.has_any(&[Scope::TokensWrite]));
    if !may {
        return match name {
            None => Ok(None),
            Some(_) => Err(Error::forbidden(
                "insufficient-scope",
                "who manages the filter sees its capability URLs, with a token that has the scope `tokens:write`",
            )),
        };
    }
    let mut rows = capability_url::Entity::find()
        .filter(capability_url::Column::ReleaseId.eq(release.id))
        .filter(capability_url::Column::ExpiresAt.gt(state.clock.now()));
    if let Some(name) = name {
        let name: Slug = name.parse().map_err(|_| unknown())?;
        rows = rows.filter(capability_url::Column::Name.eq(name));
    }
    let row = rows.order_by_desc(capability_url::Column::ExpiresAt).one(&*state.db).await?;
    if row.is_none() && name.is_some() {
        return Err(unknown());
    }
    Ok(row)
}

fn unknown() -> Error {
    Error::invalid("capability_url", "this release has no capability URL of this name that has not ended")
}

/// The release that a key opens now.
pub async fn open(state: &State, key: &str) -> Result<release::Model> {
    let id = key::read(state, key)?.ok_or_else(Error::not_found)?;
    let row = capability_url::Entity::find_by_id(id)
        .filter(capability_url::Column::ExpiresAt.gt(state.clock.now()))
        .find_also_linked(key::ToRelease)
        .one(&*state.db)
        .await?;
    let release = row.and_then(|(_, release)| release).ok_or_else(Error::not_found)?;
    if stopped::is_stopped(state, &release.sha256).await? {
        return Err(Error::forbidden("quarantined", "these bytes are quarantined"));
    }
    Ok(release)
}

/// Those that ended long ago and were not renewed.
pub async fn forget_expired(state: &State) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let old = capability_url::Column::ExpiresAt.lt(state.clock.now().minus(DAY * 90));
    capability_url::Entity::delete_many().filter(old).exec(&*txn).await?;
    txn.commit().await
}
