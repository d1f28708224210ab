//! Handlers of `/api/v1/teams`.
use super::{
    path::{own_team, owned_team, put_out},
    view::{self, MemberView, TeamItem, TeamView},
};
use crate::{
    auth::{SignedIn, access::segment},
    db,
    error::Result,
    http::{body::Json, page::Page, problem::Problems},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use serde::{Deserialize, Serialize};
use tamis_entities::value::{MemberRole, NamespaceKind, Slug};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"handle": "acme", "title": "Acme edge team"}))]
pub struct TeamRequest {
    pub handle: Slug,
    #[schema(max_length = 200)]
    pub title: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberRequest {
    pub role: MemberRole,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "Acme edge team"}))]
pub struct TeamChange {
    pub handle: Option<Slug>,
    #[schema(min_length = 1, max_length = 200)]
    pub title: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeChange {
    pub handle: Slug,
}

/// What you are called.
#[derive(Serialize, ToSchema)]
pub struct MeName {
    pub handle: Slug,
}

/// List your teams
#[utoipa::path(tag = "teams", operation_id = "listTeams", responses((status = 200, description = "All of them", body = Page<TeamItem>), Problems))]
#[get("/api/v1/teams")]
pub async fn list_teams(state: web::Data<State>, who: SignedIn) -> Result<web::Json<Page<TeamItem>>> {
    Ok(web::Json(Page { items: view::mine(&state, &who.0).await?, next: None }))
}

/// Create a team
///
/// You become its owner.
#[utoipa::path(tag = "teams", operation_id = "createTeam", request_body = TeamRequest, responses((status = 201, description = "The team", body = TeamView), Problems))]
#[post("/api/v1/teams")]
pub async fn create_team(
    state: web::Data<State>,
    who: SignedIn,
    body: Json<TeamRequest>,
) -> Result<HttpResponse> {
    let team = super::create(&state, &who.0, &body.0.handle, body.0.title).await?;
    Ok(HttpResponse::Created().json(view::view(&state, &body.0.handle, team).await?))
}

/// Get a team
#[utoipa::path(tag = "teams", operation_id = "getTeam", params(("team" = String, Path, description = "Handle of the team")),
    responses((status = 200, description = "The team and its members", body = TeamView), Problems))]
#[get("/api/v1/teams/{team}")]
pub async fn get_team(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<web::Json<TeamView>> {
    let (namespace, _) = own_team(&state, &who, &request).await?;
    Ok(web::Json(view::view_of(&state, &namespace).await?))
}

/// Change a team
///
/// Fields left out keep their value. After a new handle the old one goes on leading reads to
/// the team and its filters, and is never given to anybody else.
#[utoipa::path(tag = "teams", operation_id = "changeTeam", request_body = TeamChange, params(("team" = String, Path, description = "Handle of the team")),
    responses((status = 200, description = "The team as it is now", body = TeamView), Problems))]
#[patch("/api/v1/teams/{team}")]
pub async fn change_team(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    body: Json<TeamChange>,
) -> Result<web::Json<TeamView>> {
    let team = owned_team(&state, &who, &request).await?;
    let TeamChange { handle, title } = body.0;
    let change = || super::change(&state, &who.0, &team, handle.as_ref(), title.as_deref());
    let (namespace, team) = db::retrying(change).await?;
    Ok(web::Json(view::view(&state, &namespace.handle, team).await?))
}

/// Delete a team
///
/// Only while it owns no filters. Nobody gets its handle.
#[utoipa::path(tag = "teams", operation_id = "deleteTeam", params(("team" = String, Path, description = "Handle of the team")),
    responses((status = 204, description = "Deleted"), Problems))]
#[delete("/api/v1/teams/{team}")]
pub async fn delete_team(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let team = owned_team(&state, &who, &request).await?;
    db::retrying(|| super::remove(&state, &who.0, &team)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Change your handle
///
/// The old one goes on leading reads to you and your filters, and is never given to anybody else.
#[utoipa::path(tag = "teams", operation_id = "changeMe", request_body = MeChange,
    responses((status = 200, description = "You", body = MeName), Problems))]
#[patch("/api/v1/me")]
pub async fn change_me(
    state: web::Data<State>,
    who: SignedIn,
    body: Json<MeChange>,
) -> Result<web::Json<MeName>> {
    let now = super::rename_user(&state, &who.0, &body.0.handle).await?;
    Ok(web::Json(MeName { handle: now.handle }))
}

/// Add a member or change a role
#[utoipa::path(tag = "teams", operation_id = "putMember", request_body = MemberRequest,
    params(("team" = String, Path, description = "Handle of the team"), ("user" = String, Path, description = "Handle of the user")),
    responses((status = 200, description = "The member", body = MemberView), Problems))]
#[put("/api/v1/teams/{team}/members/{user}")]
pub async fn put_member(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    body: Json<MemberRequest>,
) -> Result<web::Json<MemberView>> {
    let team = owned_team(&state, &who, &request).await?;
    let user = super::find(&state, &segment(&request, "user")?, NamespaceKind::User).await?;
    super::set_member(&state, &who.0, &team, &user, body.0.role).await?;
    Ok(web::Json(MemberView { user: user.handle, role: body.0.role }))
}

/// Remove a member
///
/// Owners remove anyone; everyone may leave.
#[utoipa::path(tag = "teams", operation_id = "deleteMember",
    params(("team" = String, Path, description = "Handle of the team"), ("user" = String, Path, description = "Handle of the user")),
    responses((status = 204, description = "Removed"), Problems))]
#[delete("/api/v1/teams/{team}/members/{user}")]
pub async fn delete_member(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    put_out(&state, &who, &request).await?;
    Ok(HttpResponse::NoContent().finish())
}
