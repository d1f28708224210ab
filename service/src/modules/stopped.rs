//! Bytes that a curator has stopped: as which release, and why, as far as whoever asks may know.
use super::{permission, standing};
use crate::{
    auth::{FilterAccess, Identity},
    error::{Error, Result},
    filters::view::names,
    state::State,
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use std::collections::HashSet;
use tamis_entities::{
    release,
    value::{ReleaseState, Sha256, Version},
};

#[derive(Clone, Debug)]
pub struct Stopped {
    /// None where the reader knows of no such release: nothing of it is told then.
    pub release: Option<Named>,
}

#[derive(Clone, Debug)]
pub struct Named {
    pub name: String,
    pub version: Version,
    pub reason: Option<String>,
}

/// None unless a release of these bytes is quarantined and that is why nobody gets them by their digest.
pub async fn of(state: &State, who: Option<&Identity>, sha256: &Sha256) -> Result<Option<Stopped>> {
    if !is_stopped(state, sha256).await? || standing::is_served(state, sha256).await? {
        return Ok(None);
    }
    let Some(release) = permission::stopped(state, who, sha256).await? else {
        return Ok(Some(Stopped { release: None }));
    };
    let mut names = names(&*state.db, [release.filter_id]).await?;
    let named = |name| Named { name, version: release.version, reason: release.state_reason };
    Ok(Some(Stopped { release: names.remove(&release.filter_id).map(named) }))
}

/// Refuses who is neither of the filter nor a curator what is stopped as another release: its name is no way around.
pub async fn check(state: &State, access: &FilterAccess, sha256: &Sha256) -> Result<()> {
    if access.relation.is_insider() || access.relation.curator {
        return Ok(());
    }
    match of(state, access.caller.identity(), sha256).await? {
        None => Ok(()),
        Some(stopped) => Err(Error::forbidden("quarantined", stopped.words())),
    }
}

/// Then none of them can be had by their digest alone.
pub async fn is_stopped(state: &State, sha256: &Sha256) -> Result<bool> {
    let such = release::Entity::find()
        .filter(release::Column::Sha256.eq(sha256.clone()))
        .filter(release::Column::State.eq(ReleaseState::Quarantined))
        .limit(1);
    Ok(such.count(&*state.db).await? > 0)
}

/// Those of them that nobody gets who is told why not: quarantined as a release that everyone knew.
pub async fn among(state: &State, bytes: impl Iterator<Item = Sha256>) -> Result<HashSet<Sha256>> {
    let public = [ReleaseState::Published, ReleaseState::Yanked];
    let bytes: HashSet<_> = bytes.collect();
    if bytes.is_empty() {
        return Ok(HashSet::new());
    }
    let such = release::Entity::find()
        .select_only()
        .column(release::Column::Sha256)
        .filter(release::Column::Sha256.is_in(bytes))
        .filter(release::Column::State.eq(ReleaseState::Quarantined))
        .filter(release::Column::PriorState.is_in(public));
    Ok(such.into_tuple::<Sha256>().all(&*state.db).await?.into_iter().collect())
}

impl Stopped {
    /// `the same bytes are quarantined as acme/guard 1.0.0 (it leaks)`.
    pub fn words(&self) -> String {
        let Some(Named { name, version, reason }) = &self.release else {
            return "the same bytes are quarantined".into();
        };
        let why = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!("the same bytes are quarantined as {name} {version}{why}")
    }
}
