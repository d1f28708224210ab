//! `GET /api/v1/filters/{namespace}/{filter}/counts`.
use super::{
    report,
    view::{CountsQuery, CountsView},
};
use crate::{
    auth::FilterAccess,
    error::Result,
    http::{body::Query, problem::Problems},
    state::State,
};
use actix_web::{get, web};

/// Count downloads
///
/// How often the releases of a filter were downloaded, cloned and pulled, by day or week. Whoever
/// may read the filter sees what everyone could have; insiders see the rest too. Counts are some
/// seconds late.
#[utoipa::path(tag = "filters", operation_id = "getFilterCounts",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), CountsQuery),
    responses((status = 200, description = "The counts", body = CountsView), Problems), security((), ("token" = [])))]
#[get("/api/v1/filters/{namespace}/{filter}/counts")]
pub async fn get_filter_counts(
    state: web::Data<State>,
    access: FilterAccess,
    query: Query<CountsQuery>,
) -> Result<web::Json<CountsView>> {
    Ok(web::Json(report::of_filter(&state, &access, &query.0).await?))
}
