//! Handlers of `/teams`: teams, their members, invitations and robots.
use super::{robot, team};
use crate::{
    auth::{Caller, SignedIn, access::segment},
    console::{
        ask::{AskQuery, BareForm, named},
        frame::{self, see},
        own_form::OwnForm,
    },
    error::Result,
    http::{body::Query, problem::Problems},
    robots::{self, RobotRequest, path::own_team as team_with_robots},
    state::State,
    teams::{
        self,
        invitations::{self, InvitationRequest},
        path::{own_team, owned_team, put_out},
    },
};
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use serde::Deserialize;
use tamis_entities::value::{MemberRole, NamespaceKind, Slug};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamForm {
    #[serde(default)]
    pub form: String,
    #[schema(value_type = Slug)]
    pub handle: String,
    #[serde(default)]
    pub title: String,
}

/// Somebody, and the role that they shall have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceForm {
    #[serde(default)]
    pub form: String,
    #[serde(default)]
    pub name: String,
    #[schema(value_type = MemberRole)]
    pub role: String,
}

fn page_of(team: &Slug) -> HttpResponse {
    see(&format!("/teams/{team}"))
}

/// Your teams
#[utoipa::path(tag = "pages", operation_id = "showTeams", params(AskQuery),
    responses((status = 200, description = "Teams, invitations, filters on offer", content_type = "text/html", body = String), Problems))]
#[get("/teams")]
pub async fn show_teams(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    query: Query<AskQuery>,
) -> Result<HttpResponse> {
    let caller = Caller(Some(who.0.clone()));
    let page = super::page(&state, &request, &caller, &who.0, query.0.ask).await?;
    frame::reply(StatusCode::OK, &page)
}

/// Create a team by a form
#[utoipa::path(tag = "pages", operation_id = "createTeamByForm", request_body(content = TeamForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To its page"), Problems))]
#[post("/teams")]
pub async fn create_team_by_form(
    state: web::Data<State>,
    who: SignedIn,
    form: OwnForm<TeamForm>,
) -> Result<HttpResponse> {
    let handle = named("handle", &form.0.handle)?;
    teams::create(&state, &who.0, &handle, Some(form.0.title)).await?;
    Ok(page_of(&handle))
}

/// A team
#[utoipa::path(tag = "pages", operation_id = "showTeam", params(("team" = String, Path, description = "Handle of the team"), AskQuery),
    responses((status = 200, description = "Members, invitations, robots", content_type = "text/html", body = String), Problems))]
#[get("/teams/{team}")]
pub async fn show_team(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    query: Query<AskQuery>,
) -> Result<HttpResponse> {
    let of = own_team(&state, &who, &request).await?;
    frame::reply(StatusCode::OK, &team::page(&state, &request, &who.0, of, query.0.ask).await?)
}

/// Change a member's role by a form
#[utoipa::path(tag = "pages", operation_id = "changeMemberByForm",
    params(("team" = String, Path, description = "Handle of the team"), ("user" = String, Path, description = "Handle of the user")),
    request_body(content = PlaceForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the team"), Problems))]
#[post("/teams/{team}/members/{user}")]
pub async fn change_member_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    form: OwnForm<PlaceForm>,
) -> Result<HttpResponse> {
    let team = owned_team(&state, &who, &request).await?;
    let user = teams::find(&state, &segment(&request, "user")?, NamespaceKind::User).await?;
    teams::set_member(&state, &who.0, &team, &user, named("role", &form.0.role)?).await?;
    Ok(page_of(&team.handle))
}

/// Remove a member, or leave, by a form
#[utoipa::path(tag = "pages", operation_id = "removeMemberByForm",
    params(("team" = String, Path, description = "Handle of the team"), ("user" = String, Path, description = "Handle of the user")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the team, or to the list of teams"), Problems))]
#[post("/teams/{team}/members/{user}/removal")]
pub async fn remove_member_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    put_out(&state, &who, &request).await?;
    let (team, user): (Slug, Slug) = (segment(&request, "team")?, segment(&request, "user")?);
    Ok(if user == who.0.handle { see(super::HERE) } else { page_of(&team) })
}

/// Invite somebody by a form
#[utoipa::path(tag = "pages", operation_id = "inviteByForm", params(("team" = String, Path, description = "Handle of the team")),
    request_body(content = PlaceForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the team"), Problems))]
#[post("/teams/{team}/invitations")]
pub async fn invite_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    form: OwnForm<PlaceForm>,
) -> Result<HttpResponse> {
    let team = owned_team(&state, &who, &request).await?;
    let (user, role) = (named("user", &form.0.name)?, named("role", &form.0.role)?);
    invitations::invite(&state, &who.0, &team, InvitationRequest { user, role }).await?;
    Ok(page_of(&team.handle))
}

/// Withdraw an invitation by a form
#[utoipa::path(tag = "pages", operation_id = "withdrawInvitationByForm",
    params(("team" = String, Path, description = "Handle of the team"), ("id" = uuid::Uuid, Path, description = "Id of the invitation")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the team"), Problems))]
#[post("/teams/{team}/invitations/{id}/withdrawal")]
pub async fn withdraw_invitation_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    let team = owned_team(&state, &who, &request).await?;
    invitations::withdraw(&state, &who.0, &team, segment(&request, "id")?).await?;
    Ok(page_of(&team.handle))
}

/// Create a robot by a form
#[utoipa::path(tag = "pages", operation_id = "createRobotByForm", params(("team" = String, Path, description = "Handle of the team")),
    request_body(content = PlaceForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To its page"), Problems))]
#[post("/teams/{team}/robots")]
pub async fn create_robot_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    form: OwnForm<PlaceForm>,
) -> Result<HttpResponse> {
    let team = team_with_robots(&state, &who, &request, MemberRole::Maintainer).await?;
    let (handle, role) = (named("handle", &form.0.name)?, named("role", &form.0.role)?);
    let robot = robots::create(&state, &who.0, &team, RobotRequest { handle, role }).await?;
    Ok(see(&robot::path(&team.handle, &robot.handle)))
}
