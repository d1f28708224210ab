//! Handlers of `/api/v1/targets`.
use super::{
    probe::ProbeView,
    view::{self, Abandon, NewTargetView, TargetChange, TargetRequest, TargetView},
};
use crate::{
    auth::{SignedIn, access::segment},
    error::Result,
    http::{
        body::{Json, Query},
        page::{Page, PageQuery},
        problem::Problems,
    },
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, delete, get, http::header, patch, post, web};

/// The answers that have a secret; nothing on the way may keep them.
fn shown_once(mut reply: actix_web::HttpResponseBuilder, view: NewTargetView) -> HttpResponse {
    reply.insert_header((header::CACHE_CONTROL, "no-store")).json(view)
}

/// List targets
///
/// Of the namespaces that the caller owns or maintains.
#[utoipa::path(tag = "deployments", operation_id = "listTargets", params(PageQuery),
    responses((status = 200, description = "A page", body = Page<TargetView>), Problems))]
#[get("/api/v1/targets")]
pub async fn list_targets(
    state: web::Data<State>,
    who: SignedIn,
    page: Query<PageQuery>,
) -> Result<web::Json<Page<TargetView>>> {
    let (rows, next) = super::list(&state, &who.0, &page.0).await?;
    Ok(web::Json(Page { items: view::views(&state, rows).await?, next }))
}

/// Create a target
#[utoipa::path(tag = "deployments", operation_id = "createTarget", request_body = TargetRequest, params(),
    responses((status = 201, description = "The target; a webhook's secret is shown this once", body = NewTargetView), Problems))]
#[post("/api/v1/targets")]
pub async fn create_target(
    state: web::Data<State>,
    who: SignedIn,
    body: Json<TargetRequest>,
) -> Result<HttpResponse> {
    let (row, secret) = super::create(&state, &who.0, body.0).await?;
    let (row, home) = super::find(&*state.db, &who.0, row.id).await?;
    Ok(shown_once(HttpResponse::Created(), NewTargetView { target: view::view(row, &home), secret }))
}

/// Get a target
#[utoipa::path(tag = "deployments", operation_id = "getTarget", params(("id" = uuid::Uuid, Path, description = "Id of the target")),
    responses((status = 200, description = "The target", body = TargetView), Problems))]
#[get("/api/v1/targets/{id}")]
pub async fn get_target(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<web::Json<TargetView>> {
    let (row, home) = super::find(&*state.db, &who.0, segment(&request, "id")?).await?;
    Ok(web::Json(view::view(row, &home)))
}

/// Change a target
///
/// Whatever waits for it is tried again at once.
#[utoipa::path(tag = "deployments", operation_id = "changeTarget", request_body = TargetChange,
    params(("id" = uuid::Uuid, Path, description = "Id of the target")),
    responses((status = 200, description = "Changed", body = TargetView), Problems))]
#[patch("/api/v1/targets/{id}")]
pub async fn change_target(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    body: Json<TargetChange>,
) -> Result<web::Json<TargetView>> {
    let (row, home) = super::find(&*state.db, &who.0, segment(&request, "id")?).await?;
    let row = super::change(&state, &who.0, row.id, body.0).await?;
    Ok(web::Json(view::view(row, &home)))
}

/// Delete a target
#[utoipa::path(tag = "deployments", operation_id = "deleteTarget", params(("id" = uuid::Uuid, Path, description = "Id of the target"), Abandon),
    responses((status = 204, description = "Forgotten, with its history"), Problems))]
#[delete("/api/v1/targets/{id}")]
pub async fn delete_target(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let (row, _) = super::find(&*state.db, &who.0, segment(&request, "id")?).await?;
    let query = Query::<Abandon>::parse(request.query_string())?;
    super::remove(&state, &who.0, row.id, query.0.abandon.unwrap_or(false)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ask a target how it is
///
/// Whether it can be reached, what it is, whether the stored credential is good there, and how far its clock is
/// off. What is wrong comes back in sentences; the status is 200 all the same.
#[utoipa::path(tag = "deployments", operation_id = "probeTarget", params(("id" = uuid::Uuid, Path, description = "Id of the target")),
    responses((status = 200, description = "What was met", body = ProbeView), Problems))]
#[post("/api/v1/targets/{id}/probe")]
pub async fn probe_target(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<web::Json<ProbeView>> {
    Ok(web::Json(super::probe::probe(&state, &who.0, segment(&request, "id")?).await?))
}

/// Rotate a target's secret
///
/// For a day messages carry both signatures.
#[utoipa::path(tag = "deployments", operation_id = "rotateTargetSecret", params(("id" = uuid::Uuid, Path, description = "Id of the target")),
    responses((status = 200, description = "The target with its new secret, shown once", body = NewTargetView), Problems))]
#[post("/api/v1/targets/{id}/rotation")]
pub async fn rotate_target(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let (row, home) = super::find(&*state.db, &who.0, segment(&request, "id")?).await?;
    let (row, secret) = super::rotate(&state, &who.0, row.id).await?;
    Ok(shown_once(HttpResponse::Ok(), NewTargetView { target: view::view(row, &home), secret: Some(secret) }))
}
