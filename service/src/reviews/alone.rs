//! One open matter for each release: a request that is not decided, or an appeal that waits for its answer. Whoever
//! begins another is told what to do about that one first.
use super::{OPEN, queue, words};
use crate::{
    db::WriteTxn,
    error::{Error, Result},
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use tamis_entities::{release, review};
use uuid::Uuid;

/// Nothing of the release is open, but perhaps the matter of `this` review.
pub async fn check(txn: &WriteTxn<'_>, release: &release::Model, this: Option<Uuid>) -> Result<()> {
    let mut others = review::Entity::find().filter(review::Column::ReleaseId.eq(release.id)).filter(open());
    if let Some(this) = this {
        others = others.filter(review::Column::Id.ne(this));
    }
    match others.one(&**txn).await? {
        None => Ok(()),
        Some(other) => Err(in_the_way(release, &other)),
    }
}

/// What is an open matter of its release.
pub fn open() -> Condition {
    Condition::any().add(review::Column::State.is_in(OPEN.iter().copied())).add(queue::appealed())
}

pub fn in_the_way(release: &release::Model, other: &review::Model) -> Error {
    let version = &release.version;
    if other.state.is_open() {
        let is = words::is(other.state);
        let detail = format!("another request for version {version} is {is}; withdraw that one first");
        return Error::conflict("review-open", detail);
    }
    let detail = format!(
        "an appeal against the rejection of version {version} waits for its answer; wait for that, or withdraw the appeal, then ask again"
    );
    Error::conflict("appeal-open", detail)
}
