//! The team and the robot that a path names, for who manages them. The handlers of the API and those of pages
//! ask here.
use crate::{
    auth::{SignedIn, access::segment},
    error::{Error, Result},
    state::State,
    teams,
};
use actix_web::HttpRequest;
use tamis_entities::{
    namespace,
    value::{MemberRole, NamespaceKind},
};

/// The team in the path, if the caller is at least this in it.
pub async fn own_team(
    state: &State,
    who: &SignedIn,
    request: &HttpRequest,
    least: MemberRole,
) -> Result<namespace::Model> {
    let team = teams::find(state, &segment(request, "team")?, NamespaceKind::Team).await?;
    let role = who.0.role_in(team.id).ok_or_else(Error::not_found)?;
    if role >= least { Ok(team) } else { Err(super::not_yours()) }
}

/// The robot in the path, for those who manage it.
pub async fn own_robot(
    state: &State,
    who: &SignedIn,
    request: &HttpRequest,
) -> Result<(namespace::Model, namespace::Model)> {
    let team = own_team(state, who, request, MemberRole::Maintainer).await?;
    let robot = super::find(state, &team, &segment(request, "robot")?).await?;
    Ok((team, robot))
}
