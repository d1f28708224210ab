//! Handlers of what is offered to a person, and of a robot's page.
use super::{HERE, robot};
use crate::{
    auth::{SignedIn, access::segment},
    console::{
        ask::{AskQuery, BareForm},
        frame::{self, see},
        own_form::OwnForm,
        tokens::form::{Fields, Outcome, made},
    },
    error::Result,
    filters::transfer::{self, accept},
    http::{body::Query, problem::Problems},
    robots::{self, path::own_robot},
    state::State,
    teams::invitations,
    tokens,
};
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};

/// Accept an invitation by a form
#[utoipa::path(tag = "pages", operation_id = "acceptInvitationByForm", params(("id" = uuid::Uuid, Path, description = "Id of the invitation")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the team"), Problems))]
#[post("/my/invitations/{id}/accept")]
pub async fn accept_invitation_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    let (team, _) = invitations::accept(&state, &who.0, segment(&request, "id")?).await?;
    Ok(see(&format!("/teams/{}", team.handle)))
}

/// Decline an invitation by a form
#[utoipa::path(tag = "pages", operation_id = "declineInvitationByForm", params(("id" = uuid::Uuid, Path, description = "Id of the invitation")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To your teams"), Problems))]
#[post("/my/invitations/{id}/decline")]
pub async fn decline_invitation_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    invitations::decline(&state, &who.0, segment(&request, "id")?).await?;
    Ok(see(HERE))
}

/// Take a filter that is offered, by a form
#[utoipa::path(tag = "pages", operation_id = "acceptTransferByForm", params(("id" = uuid::Uuid, Path, description = "Id of the offer")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the filter in its new place"), Problems))]
#[post("/my/transfers/{id}/accept")]
pub async fn accept_transfer_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    let (namespace, filter) = accept::accept(&state, &who.0, segment(&request, "id")?).await?;
    Ok(see(&format!("/filters/{}/{}", namespace.handle, filter.name)))
}

/// Decline a filter that is offered, by a form
#[utoipa::path(tag = "pages", operation_id = "declineTransferByForm", params(("id" = uuid::Uuid, Path, description = "Id of the offer")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To your teams"), Problems))]
#[post("/my/transfers/{id}/decline")]
pub async fn decline_transfer_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    transfer::decline(&state, &who.0, segment(&request, "id")?).await?;
    Ok(see(HERE))
}

/// A robot
#[utoipa::path(tag = "pages", operation_id = "showRobot",
    params(("team" = String, Path, description = "Handle of the team"), ("robot" = String, Path, description = "Handle of the robot"), AskQuery),
    responses((status = 200, description = "Its tokens", content_type = "text/html", body = String), Problems))]
#[get("/teams/{team}/robots/{robot}")]
pub async fn show_robot(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    query: Query<AskQuery>,
) -> Result<HttpResponse> {
    let found = own_robot(&state, &who, &request).await?;
    let page = robot::page(&state, &request, &who.0, found, query.0.ask, Outcome::default()).await?;
    frame::reply(StatusCode::OK, &page)
}

/// Remove a robot by a form
#[utoipa::path(tag = "pages", operation_id = "removeRobotByForm",
    params(("team" = String, Path, description = "Handle of the team"), ("robot" = String, Path, description = "Handle of the robot")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the team"), Problems))]
#[post("/teams/{team}/robots/{robot}/removal")]
pub async fn remove_robot_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    let (team, robot) = own_robot(&state, &who, &request).await?;
    robots::remove(&state, &who.0, &team, &robot).await?;
    Ok(see(&format!("/teams/{}", team.handle)))
}

/// Make a token for a robot by a form
///
/// Each scope that it shall carry is a field with its name.
#[utoipa::path(tag = "pages", operation_id = "createRobotTokenByForm",
    params(("team" = String, Path, description = "Handle of the team"), ("robot" = String, Path, description = "Handle of the robot")),
    request_body(content = BTreeMap<String, String>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 201, description = "The page, with the secret on it once", content_type = "text/html", body = String), Problems))]
#[post("/teams/{team}/robots/{robot}/tokens")]
pub async fn create_robot_token_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    form: OwnForm<Fields>,
) -> Result<HttpResponse> {
    let found = own_robot(&state, &who, &request).await?;
    let outcome = made(&state, &who, found.1.id, &request, form.0).await?;
    let status = outcome.status();
    frame::reply(status, &robot::page(&state, &request, &who.0, found, None, outcome).await?)
}

/// Revoke a robot's token by a form
#[utoipa::path(tag = "pages", operation_id = "revokeRobotTokenByForm",
    params(("team" = String, Path, description = "Handle of the team"), ("robot" = String, Path, description = "Handle of the robot"),
        ("id" = uuid::Uuid, Path, description = "Id of the token")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the robot"), Problems))]
#[post("/teams/{team}/robots/{robot}/tokens/{id}/revocation")]
pub async fn revoke_robot_token_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    let (team, robot) = own_robot(&state, &who, &request).await?;
    tokens::revoke(&state, &who.0, robot.id, segment(&request, "id")?).await?;
    Ok(see(&robot::path(&team.handle, &robot.handle)))
}
