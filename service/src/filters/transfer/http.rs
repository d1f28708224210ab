//! Handlers of offering a filter and of answering an offer.
use super::{TransferRequest, TransferView, accept};
use crate::{
    auth::{FilterAccess, SignedIn, access::segment},
    error::Result,
    filters::view::{self, FilterView},
    http::{
        body::{Json, Query},
        page::{Page, PageQuery},
        problem::Problems,
    },
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};

/// Offer a filter to another namespace
///
/// For owners. It moves when a maintainer of the other namespace accepts, within seven days.
#[utoipa::path(tag = "filters", operation_id = "offerTransfer", request_body = TransferRequest,
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    responses((status = 201, description = "The offer", body = TransferView), Problems))]
#[post("/api/v1/filters/{namespace}/{filter}/transfer")]
pub async fn offer_transfer(
    state: web::Data<State>,
    access: FilterAccess,
    body: Json<TransferRequest>,
) -> Result<HttpResponse> {
    Ok(HttpResponse::Created().json(super::offer(&state, &access, &body.0.to).await?))
}

/// Get the open offer of a filter
#[utoipa::path(tag = "filters", operation_id = "getTransfer",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    responses((status = 200, description = "The offer", body = TransferView), Problems))]
#[get("/api/v1/filters/{namespace}/{filter}/transfer")]
pub async fn get_transfer(state: web::Data<State>, access: FilterAccess) -> Result<web::Json<TransferView>> {
    Ok(web::Json(super::current(&state, &access).await?))
}

/// Withdraw the offer of a filter
#[utoipa::path(tag = "filters", operation_id = "withdrawTransfer",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    responses((status = 204, description = "Withdrawn"), Problems))]
#[delete("/api/v1/filters/{namespace}/{filter}/transfer")]
pub async fn withdraw_transfer(state: web::Data<State>, access: FilterAccess) -> Result<HttpResponse> {
    super::withdraw(&state, &access).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List filters that are offered to you
///
/// To you, and to teams that you maintain.
#[utoipa::path(tag = "filters", operation_id = "listMyTransfers", params(PageQuery),
    responses((status = 200, description = "Open offers, oldest first", body = Page<TransferView>), Problems))]
#[get("/api/v1/me/transfers")]
pub async fn list_my_transfers(
    state: web::Data<State>,
    who: SignedIn,
    page: Query<PageQuery>,
) -> Result<web::Json<Page<TransferView>>> {
    Ok(web::Json(super::list(&state, &who.0, &page.0).await?))
}

/// Accept an offered filter
///
/// Its releases, grants and deleted versions come along; open reviews are superseded. Its old
/// path goes on leading reads to it, and no other filter gets that path.
#[utoipa::path(tag = "filters", operation_id = "acceptTransfer", params(("id" = Uuid, Path, description = "Id of the offer")),
    responses((status = 200, description = "The filter in its new place", body = FilterView), Problems))]
#[post("/api/v1/me/transfers/{id}/accept")]
pub async fn accept_transfer(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<web::Json<FilterView>> {
    let (namespace, filter) = accept::accept(&state, &who.0, segment(&request, "id")?).await?;
    Ok(web::Json(view::view(&state, &namespace, &filter, true).await?))
}

/// Decline an offered filter
#[utoipa::path(tag = "filters", operation_id = "declineTransfer", params(("id" = Uuid, Path, description = "Id of the offer")),
    responses((status = 204, description = "Declined"), Problems))]
#[post("/api/v1/me/transfers/{id}/decline")]
pub async fn decline_transfer(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    super::decline(&state, &who.0, segment(&request, "id")?).await?;
    Ok(HttpResponse::NoContent().finish())
}
