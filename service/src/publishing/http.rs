//! Handlers of `…/trusted-publishers` and of the exchange.
use super::{
    PublisherRequest,
    exchange::{self, ExchangeRequest},
};
use crate::{
    auth::{FilterAccess, access::segment},
    error::Result,
    filters::view::{handle_of, handles},
    http::{body::Json, page::Page, problem::Problems},
    state::State,
    tokens::{http::created, view::NewTokenView},
};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde::Serialize;
use std::collections::BTreeMap;
use tamis_entities::{
    trusted_publisher,
    value::{Provider, Slug, Timestamp},
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Serialize, ToSchema)]
pub struct PublisherView {
    pub id: Uuid,
    pub provider: Provider,
    pub issuer: String,
    pub audience: String,
    pub claims: BTreeMap<String, String>,
    /// Its tokens act in their name, and end with their right to write the filter.
    pub created_by: Slug,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

async fn views(state: &State, rows: Vec<trusted_publisher::Model>) -> Result<Vec<PublisherView>> {
    let handles = handles(&*state.db, rows.iter().map(|p| p.created_by)).await?;
    let view = |p: trusted_publisher::Model| PublisherView {
        id: p.id,
        provider: p.provider,
        issuer: p.issuer,
        audience: p.audience,
        claims: p.claims.0,
        created_by: handle_of(&handles, p.created_by),
        created_at: p.created_at,
        last_used_at: p.last_used_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// List trusted publishers
#[utoipa::path(tag = "filters", operation_id = "listTrustedPublishers",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    responses((status = 200, description = "All of the filter's", body = Page<PublisherView>), Problems))]
#[get("/api/v1/filters/{namespace}/{filter}/trusted-publishers")]
pub async fn list_publishers(
    state: web::Data<State>,
    access: FilterAccess,
) -> Result<web::Json<Page<PublisherView>>> {
    let items = views(&state, super::list(&state, &access).await?).await?;
    Ok(web::Json(Page { items, next: None }))
}

/// Trust a publisher
///
/// A build system that shows an identity token with exactly these claims may stage releases of
/// this filter, without a stored secret. It acts in your name, as long as you may write the filter.
#[utoipa::path(tag = "filters", operation_id = "createTrustedPublisher", request_body = PublisherRequest,
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    responses((status = 201, description = "The publisher", body = PublisherView), Problems))]
#[post("/api/v1/filters/{namespace}/{filter}/trusted-publishers")]
pub async fn create_publisher(
    state: web::Data<State>,
    access: FilterAccess,
    body: Json<PublisherRequest>,
) -> Result<HttpResponse> {
    let row = super::create(&state, &access, body.0).await?;
    Ok(HttpResponse::Created().json(views(&state, vec![row]).await?.pop()))
}

/// Stop trusting a publisher
///
/// The tokens that it got end at once.
#[utoipa::path(tag = "filters", operation_id = "deleteTrustedPublisher",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"),
        ("id" = Uuid, Path, description = "Id of the publisher")),
    responses((status = 204, description = "Removed"), Problems))]
#[delete("/api/v1/filters/{namespace}/{filter}/trusted-publishers/{id}")]
pub async fn delete_publisher(
    state: web::Data<State>,
    access: FilterAccess,
    request: HttpRequest,
) -> Result<HttpResponse> {
    super::remove(&state, &access, segment(&request, "id")?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Exchange an identity token
///
/// For build systems: the identity token of the job becomes a token of 15 minutes that stages
/// releases of one filter and reads. Each identity token works once.
#[utoipa::path(tag = "tokens", operation_id = "exchangeToken", request_body = ExchangeRequest,
    responses((status = 201, description = "The token with its secret, shown once", body = NewTokenView), Problems), security(()))]
#[post("/api/v1/trusted-publishing/token")]
pub async fn exchange_token(state: web::Data<State>, body: Json<ExchangeRequest>) -> Result<HttpResponse> {
    let made = exchange::exchange(&state, body.0).await?;
    Ok(created(NewTokenView::of(&state, made).await?))
}
