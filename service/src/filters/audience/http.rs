//! Handler of `/api/v1/filters/{namespace}/{filter}/access`.
use super::AccessItem;
use crate::{
    auth::FilterAccess,
    error::Result,
    http::{
        body::Query,
        page::{Page, PageQuery},
        problem::Problems,
    },
    state::State,
};
use actix_web::{get, web};

/// Who can see a filter, and why
///
/// For those who manage it. A line for each reason: what holds for many at once first, then
/// the members of the namespace, then the grants, those to a team with each of its members.
#[utoipa::path(tag = "filters", operation_id = "listAccess",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), PageQuery),
    responses((status = 200, description = "A page", body = Page<AccessItem>), Problems))]
#[get("/api/v1/filters/{namespace}/{filter}/access")]
pub async fn list_access(
    state: web::Data<State>,
    access: FilterAccess,
    page: Query<PageQuery>,
) -> Result<web::Json<Page<AccessItem>>> {
    Ok(web::Json(super::list(&state, &access, &page.0).await?))
}
