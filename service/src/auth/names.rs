//! Names and what they lead to: the present ones, and those that something had before. A
//! former name leads reads to the same thing and is never given to another. Decides nothing
//! about who may see what.
use super::access::{find_filter, find_namespace};
use crate::error::{Error, Result};
use sea_orm::{ConnectionTrait, EntityTrait};
use tamis_entities::{filter, former_filter, former_handle, namespace, value::Slug};

/// A filter and where it is now.
pub struct Place {
    pub namespace: namespace::Model,
    pub filter: filter::Model,
    /// It was asked for by a name that it no longer has.
    pub former: bool,
}

/// The namespace, and whether it was asked for by a former handle.
pub async fn namespace<C: ConnectionTrait>(
    db: &C,
    handle: &Slug,
) -> Result<Option<(namespace::Model, bool)>> {
    if let Some(found) = find_namespace(db, handle).await? {
        return Ok(Some((found, false)));
    }
    let Some(former) = former_handle::Entity::find_by_id(handle.clone()).one(db).await? else {
        return Ok(None);
    };
    let found = namespace::Entity::find_by_id(former.namespace_id).one(db).await?;
    Ok(found.map(|n| (n, true)))
}

pub async fn filter<C: ConnectionTrait>(db: &C, handle: &Slug, name: &Slug) -> Result<Option<Place>> {
    let Some((namespace, former)) = namespace(db, handle).await? else { return Ok(None) };
    if let Some(filter) = find_filter(db, namespace.id, name).await? {
        return Ok(Some(Place { namespace, filter, former }));
    }
    let left = former_filter::Entity::find_by_id((namespace.id, name.clone())).one(db).await?;
    let Some(id) = left.and_then(|l| l.filter_id) else { return Ok(None) };
    let Some(filter) = filter::Entity::find_by_id(id).one(db).await? else { return Ok(None) };
    let namespace = namespace::Entity::find_by_id(filter.namespace_id).one(db).await?;
    Ok(namespace.map(|namespace| Place { namespace, filter, former: true }))
}

/// For those who may see it: what to write to instead.
pub fn renamed(now: impl std::fmt::Display) -> Error {
    Error::conflict("renamed", format!("it is called `{now}` now; reads follow the old name, writes do not"))
}
