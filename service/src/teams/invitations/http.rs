//! Handlers of a team's invitations and of one's own.
use super::{InvitationRequest, InvitationView, Of};
use crate::{
    auth::{SignedIn, access::segment},
    error::Result,
    http::{
        body::{Json, Query},
        page::{Page, PageQuery},
        problem::Problems,
    },
    state::State,
    teams::path::owned_team,
};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde::Serialize;
use tamis_entities::value::{MemberRole, Slug};
use utoipa::ToSchema;

/// Your place in a team.
#[derive(Serialize, ToSchema)]
pub struct Membership {
    pub team: Slug,
    pub role: MemberRole,
}

/// Invite somebody
///
/// Open for seven days. Another invitation of the same person replaces the first.
#[utoipa::path(tag = "teams", operation_id = "inviteMember", request_body = InvitationRequest, params(("team" = String, Path, description = "Handle of the team")),
    responses((status = 201, description = "The invitation", body = InvitationView), Problems))]
#[post("/api/v1/teams/{team}/invitations")]
pub async fn invite_member(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    body: Json<InvitationRequest>,
) -> Result<HttpResponse> {
    let team = owned_team(&state, &who, &request).await?;
    Ok(HttpResponse::Created().json(super::invite(&state, &who.0, &team, body.0).await?))
}

/// List a team's invitations
#[utoipa::path(tag = "teams", operation_id = "listInvitations", params(("team" = String, Path, description = "Handle of the team"), PageQuery),
    responses((status = 200, description = "Those that are open, oldest first", body = Page<InvitationView>), Problems))]
#[get("/api/v1/teams/{team}/invitations")]
pub async fn list_invitations(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    page: Query<PageQuery>,
) -> Result<web::Json<Page<InvitationView>>> {
    let team = owned_team(&state, &who, &request).await?;
    Ok(web::Json(super::list(&state, &who.0, Of::Team(team.id), &page.0).await?))
}

/// Withdraw an invitation
#[utoipa::path(tag = "teams", operation_id = "withdrawInvitation",
    params(("team" = String, Path, description = "Handle of the team"), ("id" = Uuid, Path, description = "Id of the invitation")),
    responses((status = 204, description = "Withdrawn"), Problems))]
#[delete("/api/v1/teams/{team}/invitations/{id}")]
pub async fn withdraw_invitation(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let team = owned_team(&state, &who, &request).await?;
    super::withdraw(&state, &who.0, &team, segment(&request, "id")?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List your invitations
#[utoipa::path(tag = "teams", operation_id = "listMyInvitations", params(PageQuery),
    responses((status = 200, description = "Those that you can answer, oldest first", body = Page<InvitationView>), Problems))]
#[get("/api/v1/me/invitations")]
pub async fn list_my_invitations(
    state: web::Data<State>,
    who: SignedIn,
    page: Query<PageQuery>,
) -> Result<web::Json<Page<InvitationView>>> {
    Ok(web::Json(super::list(&state, &who.0, Of::Invited(who.0.id), &page.0).await?))
}

/// Accept an invitation
#[utoipa::path(tag = "teams", operation_id = "acceptInvitation", params(("id" = Uuid, Path, description = "Id of the invitation")),
    responses((status = 200, description = "Your place in the team", body = Membership), Problems))]
#[post("/api/v1/me/invitations/{id}/accept")]
pub async fn accept_invitation(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<web::Json<Membership>> {
    let (team, role) = super::accept(&state, &who.0, segment(&request, "id")?).await?;
    Ok(web::Json(Membership { team: team.handle, role }))
}

/// Decline an invitation
#[utoipa::path(tag = "teams", operation_id = "declineInvitation", params(("id" = Uuid, Path, description = "Id of the invitation")),
    responses((status = 204, description = "Declined"), Problems))]
#[post("/api/v1/me/invitations/{id}/decline")]
pub async fn decline_invitation(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    super::decline(&state, &who.0, segment(&request, "id")?).await?;
    Ok(HttpResponse::NoContent().finish())
}
