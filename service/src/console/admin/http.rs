//! Handlers of `/admin`.
use super::{audit, health, meshery, policy};
use crate::{
    audit::list::AuditQuery,
    auth::{SignedIn, access::segment},
    console::{frame, own_form::OwnForm},
    error::Result,
    http::{body::Query, problem::Problems},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};

/// The audit log as a page
#[utoipa::path(tag = "pages", operation_id = "showAudit", params(AuditQuery),
    responses((status = 200, description = "Newest first", content_type = "text/html", body = String), Problems))]
#[get("/admin/audit")]
pub async fn show_audit(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    query: Query<AuditQuery>,
) -> Result<HttpResponse> {
    frame::reply(StatusCode::OK, &audit::page(&state, &request, &who.0, query.0).await?)
}

/// The policy as a page
#[utoipa::path(tag = "pages", operation_id = "showPolicy",
    responses((status = 200, description = "What holds here, in words", content_type = "text/html", body = String), Problems))]
#[get("/admin/policy")]
pub async fn show_policy(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    frame::reply(StatusCode::OK, &policy::page(&state, &request, &who.0)?)
}

/// The instance's health as a page
#[utoipa::path(tag = "pages", operation_id = "showHealth",
    responses((status = 200, description = "Parts, jobs, counts", content_type = "text/html", body = String), Problems))]
#[get("/admin/health")]
pub async fn show_health(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    frame::reply(StatusCode::OK, &health::page(&state, &request, &who.0).await?)
}

/// The Meshery Servers as a page
#[utoipa::path(tag = "pages", operation_id = "showMesheryServers",
    responses((status = 200, description = "Those that people log in from, or want to", content_type = "text/html", body = String), Problems))]
#[get("/admin/meshery")]
pub async fn show_meshery(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    frame::reply(StatusCode::OK, &meshery::page(&state, &request, &who.0).await?)
}

/// Let a Meshery Server in, rename it or cut it off by a form
#[utoipa::path(tag = "pages", operation_id = "changeMesheryServer", params(("id" = uuid::Uuid, Path, description = "Id of the server")),
    request_body(content = meshery::ServerForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the page"), Problems))]
#[post("/admin/meshery/{id}")]
pub async fn change_meshery_server(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    form: OwnForm<meshery::ServerForm>,
) -> Result<HttpResponse> {
    meshery::act(&state, &who.0, segment(&request, "id").ok(), form.0).await?;
    Ok(frame::see("/admin/meshery"))
}
