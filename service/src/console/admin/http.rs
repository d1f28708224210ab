//! Handlers of `/admin`.
use super::{audit, health, policy};
use crate::{
    audit::list::AuditQuery,
    auth::SignedIn,
    console::frame,
    error::Result,
    http::{body::Query, problem::Problems},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, web};

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
