//! Handlers of `/api/v1/teams/{team}/robots`.
use super::{
    RobotRequest, RobotView,
    path::{own_robot, own_team},
};
use crate::{
    auth::{SignedIn, access::segment},
    error::Result,
    http::{body::Json, page::Page, problem::Problems},
    state::State,
    tokens::{
        self, TokenRequest,
        http::created,
        view::{NewTokenView, TokenView, views},
    },
};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use tamis_entities::value::MemberRole;

/// List a team's robots
#[utoipa::path(tag = "teams", operation_id = "listRobots", params(("team" = String, Path, description = "Handle of the team")),
    responses((status = 200, description = "All of them", body = Page<RobotView>), Problems))]
#[get("/api/v1/teams/{team}/robots")]
pub async fn list_robots(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<web::Json<Page<RobotView>>> {
    let team = own_team(&state, &who, &request, MemberRole::Member).await?;
    Ok(web::Json(Page { items: super::list(&state, &team).await?, next: None }))
}

/// Create a robot
///
/// An account for machines: it acts by token, cannot sign in, and owns nothing.
#[utoipa::path(tag = "teams", operation_id = "createRobot", request_body = RobotRequest,
    params(("team" = String, Path, description = "Handle of the team")),
    responses((status = 201, description = "The robot", body = RobotView), Problems))]
#[post("/api/v1/teams/{team}/robots")]
pub async fn create_robot(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    body: Json<RobotRequest>,
) -> Result<HttpResponse> {
    let team = own_team(&state, &who, &request, MemberRole::Maintainer).await?;
    Ok(HttpResponse::Created().json(super::create(&state, &who.0, &team, body.0).await?))
}

/// Remove a robot
///
/// Its tokens end with it; its handle is not given to another.
#[utoipa::path(tag = "teams", operation_id = "deleteRobot",
    params(("team" = String, Path, description = "Handle of the team"), ("robot" = String, Path, description = "Handle of the robot")),
    responses((status = 204, description = "Removed"), Problems))]
#[delete("/api/v1/teams/{team}/robots/{robot}")]
pub async fn delete_robot(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let (team, robot) = own_robot(&state, &who, &request).await?;
    super::remove(&state, &who.0, &team, &robot).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List a robot's tokens
#[utoipa::path(tag = "teams", operation_id = "listRobotTokens",
    params(("team" = String, Path, description = "Handle of the team"), ("robot" = String, Path, description = "Handle of the robot")),
    responses((status = 200, description = "Those that are not revoked", body = Page<TokenView>), Problems))]
#[get("/api/v1/teams/{team}/robots/{robot}/tokens")]
pub async fn list_robot_tokens(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<web::Json<Page<TokenView>>> {
    let (_, robot) = own_robot(&state, &who, &request).await?;
    let items = views(&state, tokens::of(&state, robot.id).await?).await?;
    Ok(web::Json(Page { items, next: None }))
}

/// Create a token for a robot
///
/// It carries `filters:read`, `filters:write` and `releases:stage` at most, and no more than the
/// credential that makes it. It outlives its maker's membership.
#[utoipa::path(tag = "teams", operation_id = "createRobotToken", request_body = TokenRequest,
    params(("team" = String, Path, description = "Handle of the team"), ("robot" = String, Path, description = "Handle of the robot")),
    responses((status = 201, description = "The token with its secret, shown once", body = NewTokenView), Problems))]
#[post("/api/v1/teams/{team}/robots/{robot}/tokens")]
pub async fn create_robot_token(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    body: Json<TokenRequest>,
) -> Result<HttpResponse> {
    let (_, robot) = own_robot(&state, &who, &request).await?;
    let made = tokens::issue(&state, &who, robot.id, body.0).await?;
    Ok(created(NewTokenView::of(&state, made).await?))
}

/// Revoke a robot's token
#[utoipa::path(tag = "teams", operation_id = "revokeRobotToken",
    params(("team" = String, Path, description = "Handle of the team"), ("robot" = String, Path, description = "Handle of the robot"),
        ("id" = uuid::Uuid, Path, description = "Id of the token")),
    responses((status = 204, description = "Revoked"), Problems))]
#[delete("/api/v1/teams/{team}/robots/{robot}/tokens/{id}")]
pub async fn revoke_robot_token(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let (_, robot) = own_robot(&state, &who, &request).await?;
    tokens::revoke(&state, &who.0, robot.id, segment(&request, "id")?).await?;
    Ok(HttpResponse::NoContent().finish())
}
