//! Handlers of `…/capability-urls`, and of the URLs themselves.
use super::view::{self, CapabilityUrlRequest, CapabilityUrlSecret, CapabilityUrlView, RenewalRequest};
use crate::{
    auth::{FilterAccess, access::segment},
    counts::Of,
    error::{Error, Result},
    http::{body::Json, page::Page, problem::Problems},
    modules::{
        deliver::{self, Delivery},
        http::WasmBytes,
    },
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, delete, get, http::header, post, web};

/// List capability URLs
///
/// Without the URLs themselves: those are shown when one is made or renewed, and in the
/// configuration of the release.
#[utoipa::path(tag = "configuration", operation_id = "listCapabilityUrls",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    responses((status = 200, description = "All of the filter's, the next to end first", body = Page<CapabilityUrlView>), Problems))]
#[get("/api/v1/filters/{namespace}/{filter}/capability-urls")]
pub async fn list_capability_urls(
    state: web::Data<State>,
    access: FilterAccess,
) -> Result<web::Json<Page<CapabilityUrlView>>> {
    let items = view::views(&state, super::list(&state, &access).await?).await?;
    Ok(web::Json(Page { items, next: None }))
}

/// Make a capability URL
///
/// A proxy that fetches a module sends no credentials: whoever knows this URL gets the bytes of one
/// release, until it ends or is revoked. Who may write the filter is told 30 days before it ends.
#[utoipa::path(tag = "configuration", operation_id = "createCapabilityUrl", request_body = CapabilityUrlRequest,
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    responses((status = 201, description = "With the URL", body = CapabilityUrlSecret), Problems))]
#[post("/api/v1/filters/{namespace}/{filter}/capability-urls")]
pub async fn create_capability_url(
    state: web::Data<State>,
    access: FilterAccess,
    body: Json<CapabilityUrlRequest>,
) -> Result<HttpResponse> {
    let made = super::create(&state, &access, body.0).await?;
    let view = view::secret(&state, made).await?;
    Ok(HttpResponse::Created().insert_header((header::CACHE_CONTROL, "private, no-store")).json(view))
}

/// Renew a capability URL
///
/// The URL stays the same; the day on which it ends moves.
#[utoipa::path(tag = "configuration", operation_id = "renewCapabilityUrl", request_body = RenewalRequest,
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"),
        ("id" = Uuid, Path, description = "Id of the capability URL")),
    responses((status = 200, description = "With the URL", body = CapabilityUrlSecret), Problems))]
#[post("/api/v1/filters/{namespace}/{filter}/capability-urls/{id}/renewal")]
pub async fn renew_capability_url(
    state: web::Data<State>,
    access: FilterAccess,
    request: HttpRequest,
    body: Json<RenewalRequest>,
) -> Result<HttpResponse> {
    let renewed = super::renew(&state, &access, segment(&request, "id")?, body.0).await?;
    let view = view::secret(&state, renewed).await?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "private, no-store")).json(view))
}

/// Revoke a capability URL
///
/// It answers nobody any more. Proxies that run keep what they have; those that start get nothing.
#[utoipa::path(tag = "configuration", operation_id = "revokeCapabilityUrl",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"),
        ("id" = Uuid, Path, description = "Id of the capability URL")),
    responses((status = 204, description = "Revoked"), Problems))]
#[delete("/api/v1/filters/{namespace}/{filter}/capability-urls/{id}")]
pub async fn revoke_capability_url(
    state: web::Data<State>,
    access: FilterAccess,
    request: HttpRequest,
) -> Result<HttpResponse> {
    super::revoke(&state, &access, segment(&request, "id")?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Get a module by a capability URL
///
/// The raw wasm bytes of one release, for whoever knows the URL. No cache may keep them.
#[utoipa::path(tag = "modules", operation_id = "getPrivateModule",
    params(("file" = String, Path, description = "The secret, then `.wasm`", example = "AAAA.wasm")),
    responses((status = 200, description = "The bytes", body = WasmBytes, content_type = "application/wasm"), (status = 206, description = "The range asked for"), (status = 304, description = "Unchanged"), Problems),
    security((), ("token" = [])))]
#[get("/modules/private/{file}")]
pub async fn get_private_module(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse> {
    let file: String = segment(&request, "file")?;
    let key = file.strip_suffix(".wasm").ok_or_else(Error::not_found)?;
    let release = super::open(&state, key).await?;
    let delivery = Delivery {
        sha256: &release.sha256,
        size: u64::try_from(release.size).unwrap_or_default(),
        generation: None,
        public: false,
        counted: Of::Release(release.id),
        filename: None,
    };
    deliver::send(&state, &request, delivery).await
}
