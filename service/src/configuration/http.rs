//! Handlers of `…/releases/{version}/config`.
use super::view::FormatView;
use crate::{
    auth::{ReleaseAccess, access::segment},
    error::Result,
    http::{
        body::{Json, Query},
        page::Page,
        problem::Problems,
    },
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, http::header, post, web};
use tamis_formats::{Format, Given, Options, Refusal};

/// List the formats of a release
///
/// As what it can be configured in a proxy, with the digest that each is pinned to.
#[utoipa::path(tag = "configuration", operation_id = "listFormats",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer")),
    responses((status = 200, description = "All that have a place for such a filter", body = Page<FormatView>), Problems), security((), ("token" = [])))]
#[get("/api/v1/filters/{namespace}/{filter}/releases/{version}/config")]
pub async fn list_formats(
    state: web::Data<State>,
    found: ReleaseAccess,
) -> Result<web::Json<Page<FormatView>>> {
    let base = format!(
        "{}/api/v1/filters/{}/releases/{}/config",
        state.public_url,
        found.access.name(),
        found.release.version
    );
    let offers = super::offers(&state, &found.access, &found.release).await?;
    let items = offers.into_iter().map(|offer| FormatView::of(offer, &base)).collect();
    Ok(web::Json(Page { items, next: None }))
}

/// Get a release as configuration
///
/// YAML that is ready to paste, pinned to the digest that its reader compares. The query has the
/// same options as the body of the POST, lists and labels written as one text.
#[utoipa::path(tag = "configuration", operation_id = "getConfiguration",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer"),
        ("format" = Format, Path, description = "Which reader it is for"), Options),
    responses((status = 200, description = "The configuration", body = serde_json::Value, content_type = "application/yaml"), Problems), security((), ("token" = [])))]
#[get("/api/v1/filters/{namespace}/{filter}/releases/{version}/config/{format}")]
pub async fn get_configuration(
    state: web::Data<State>,
    found: ReleaseAccess,
    request: HttpRequest,
    query: Query<Given>,
) -> Result<HttpResponse> {
    reply(&state, &found, &request, query.0.of_query().and_then(Given::read)).await
}

/// Make configuration of a release
///
/// The same with the options as JSON.
#[utoipa::path(tag = "configuration", operation_id = "makeConfiguration", request_body = Options,
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer"),
        ("format" = Format, Path, description = "Which reader it is for")),
    responses((status = 200, description = "The configuration", body = serde_json::Value, content_type = "application/yaml"), Problems))]
#[post("/api/v1/filters/{namespace}/{filter}/releases/{version}/config/{format}")]
pub async fn make_configuration(
    state: web::Data<State>,
    found: ReleaseAccess,
    request: HttpRequest,
    body: Json<Given>,
) -> Result<HttpResponse> {
    reply(&state, &found, &request, body.0.read()).await
}

async fn reply(
    state: &State,
    found: &ReleaseAccess,
    request: &HttpRequest,
    options: Result<Options, Vec<Refusal>>,
) -> Result<HttpResponse> {
    let format: Format = segment(request, "format")?;
    let options = options.map_err(super::refused)?;
    let rendered = super::render(state, found, format, &options).await?;
    let name = format!("inline; filename=\"{}\"", rendered.file_name);
    Ok(HttpResponse::Ok()
        .content_type("application/yaml; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .body(rendered.text))
}
