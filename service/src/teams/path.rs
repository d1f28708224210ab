//! The team and the member that a path names, for whoever may do there what the route is for. The handlers of the
//! API and those of pages ask here.
use crate::{
    auth::{SignedIn, access::segment},
    error::{Error, Result},
    state::State,
};
use actix_web::{HttpRequest, http::Method};
use tamis_entities::{
    namespace,
    value::{MemberRole, NamespaceKind},
};

/// The team in the path, if the caller is in it.
pub async fn own_team(
    state: &State,
    who: &SignedIn,
    request: &HttpRequest,
) -> Result<(namespace::Model, MemberRole)> {
    let reading = request.method() == Method::GET;
    super::of_member(state, &who.0, &segment(request, "team")?, reading).await
}

/// The same, for what only owners do.
pub async fn owned_team(state: &State, who: &SignedIn, request: &HttpRequest) -> Result<namespace::Model> {
    let (team, role) = own_team(state, who, request).await?;
    must_own(role)?;
    Ok(team)
}

fn must_own(role: MemberRole) -> Result<()> {
    if role == MemberRole::Owner {
        Ok(())
    } else {
        Err(Error::forbidden("role", "only owners of the team do this"))
    }
}

/// Puts the user in the path out of the team in the path.
pub async fn put_out(state: &State, who: &SignedIn, request: &HttpRequest) -> Result<()> {
    let (team, role) = own_team(state, who, request).await?;
    let user = super::find(state, &segment(request, "user")?, NamespaceKind::User).await?;
    if user.id != who.0.id {
        must_own(role)?;
    }
    super::remove_member(state, &who.0, &team, &user).await
}
