//! `GET /api/v1/audit`, for administrators.
use super::list::{self, AuditQuery, AuditView};
use crate::{
    auth::SignedIn,
    error::Result,
    http::{body::Query, page::Page, problem::Problems},
    state::State,
};
use actix_web::{get, web};

/// Read the audit log
///
/// Newest first.
#[utoipa::path(tag = "audit", operation_id = "listAudit", params(AuditQuery),
    responses((status = 200, description = "A page", body = Page<AuditView>), Problems))]
#[get("/api/v1/audit")]
pub async fn list_audit(
    state: web::Data<State>,
    _: SignedIn,
    query: Query<AuditQuery>,
) -> Result<web::Json<Page<AuditView>>> {
    Ok(web::Json(list::list(&state, &query.0).await?))
}
