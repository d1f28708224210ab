//! `GET /api/v1/capabilities`: what modules can be able to do, in words. Knows nothing of any module.
use crate::http::{page::Page, problem::Problems};
use actix_web::{get, web};
use tamis_verification::{CapabilityWords, capabilities};

/// List capabilities
///
/// The words for the ids in reports, comparisons and the catalog, most telling first. All on one page.
#[utoipa::path(tag = "catalog", operation_id = "listCapabilities",
    responses((status = 200, description = "All there are", body = Page<CapabilityWords>), Problems), security(()))]
#[get("/api/v1/capabilities")]
pub async fn list_capabilities() -> web::Json<Page<CapabilityWords>> {
    web::Json(Page { items: capabilities(), next: None })
}
