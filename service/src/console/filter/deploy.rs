//! The way from a release to the plan of its deployment, for who has a target to deploy to.
use crate::{auth::FilterAccess, error::Result, state::State, targets};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use tamis_entities::{
    release, target,
    value::{ReleaseState, Version},
};

/// Where the plan is made. None where there is nothing to deploy, or nowhere to.
pub async fn link(state: &State, access: &FilterAccess, release: &release::Model) -> Result<Option<String>> {
    let Some(who) = access.caller.identity() else { return Ok(None) };
    let can = match release.state {
        ReleaseState::Published | ReleaseState::Yanked => true,
        ReleaseState::Draft => access.relation.writes(),
        ReleaseState::Quarantined => false,
    };
    if !can {
        return Ok(None);
    }
    let theirs =
        target::Entity::find().filter(target::Column::NamespaceId.is_in(targets::looked_after(who))).limit(1);
    Ok((theirs.count(&*state.db).await? > 0).then(|| plan(&access.name(), &release.version)))
}

fn plan(filter: &str, version: &Version) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("release", &format!("{filter}@{version}"))
        .finish();
    format!("/deployments/new?{query}")
}
