//! Handlers of `/filters/{namespace}/{filter}`.
use crate::{
    auth::FilterAccess,
    console::{
        frame::{self, see},
        own_form::OwnForm,
    },
    error::{Error, Result},
    filters::clone::{self, CloneRequest},
    http::{body::Query, problem::Problems},
    state::State,
};
use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{StatusCode, header},
    post, web,
};
use sea_orm::EntityTrait;
use serde::Deserialize;
use tamis_entities::{
    catalog_entry,
    value::{Slug, Version},
};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FilterPageQuery {
    /// The release to show; else the newest published.
    pub version: Option<String>,
    /// The configuration to show: a format of the API.
    #[serde(rename = "use")]
    #[param(rename = "use")]
    pub format: Option<String>,
    /// `overview`, `capabilities`, `evidence` or `releases`.
    pub tab: Option<String>,
    /// Where the page of releases before ended.
    pub after: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloneForm {
    /// From the page that shows the form.
    #[serde(default)]
    pub form: String,
    pub namespace: String,
    pub name: String,
    pub version: String,
}

/// The page of a filter
#[utoipa::path(tag = "pages", operation_id = "showFilter",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), FilterPageQuery),
    responses((status = 200, description = "What it is, may do, and how to use it", content_type = "text/html", body = String), Problems), security((), ("token" = [])))]
#[get("/filters/{namespace}/{filter}")]
pub async fn show_filter(
    state: web::Data<State>,
    access: FilterAccess,
    request: HttpRequest,
    query: Query<FilterPageQuery>,
) -> Result<HttpResponse> {
    let page = super::page(&state, &request, access, query.0).await?;
    frame::reply(StatusCode::OK, &page)
}

/// Clone a filter from its page
#[utoipa::path(tag = "pages", operation_id = "cloneByForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    request_body(content = CloneForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the page of the clone"), Problems))]
#[post("/filters/{namespace}/{filter}/clone")]
pub async fn clone_by_form(
    state: web::Data<State>,
    access: FilterAccess,
    form: OwnForm<CloneForm>,
) -> Result<HttpResponse> {
    let named = |field: &str, text: &str| {
        text.trim().parse::<Slug>().map_err(|e| Error::invalid(field, e.to_string()))
    };
    let version: Version = form.0.version.parse().map_err(|_| Error::not_found())?;
    let (namespace, name) = (named("namespace", &form.0.namespace)?, named("name", &form.0.name)?);
    let wanted = CloneRequest { namespace, name, version: Some(version) };
    let (namespace, filter, _) = clone::clone(&state, access, wanted).await?;
    Ok(see(&format!("/filters/{}/{}", namespace.handle, filter.name)))
}

/// A sign to embed elsewhere
#[utoipa::path(tag = "pages", operation_id = "showBadge",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    responses((status = 200, description = "The newest published version as a picture", content_type = "image/svg+xml", body = String), Problems), security((), ("token" = [])))]
#[get("/filters/{namespace}/{filter}/badge.svg")]
pub async fn show_badge(state: web::Data<State>, access: FilterAccess) -> Result<HttpResponse> {
    let entry = catalog_entry::Entity::find_by_id(access.filter.id).one(&*state.db).await?;
    let version = entry.ok_or_else(Error::not_found)?.version.to_string();
    let (left, right) = (52, 14 + 7 * version.chars().count());
    let (width, middle) = (left + right, left + right / 2);
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"20\" role=\"img\" aria-label=\"Tamis: {version}\">\
<rect width=\"{width}\" height=\"20\" rx=\"4\" fill=\"#1c1b18\"/><path d=\"M{left} 0h{0}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H{left}Z\" fill=\"#0b5f73\"/>\
<g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\" text-anchor=\"middle\"><text x=\"26\" y=\"14\">tamis</text><text x=\"{middle}\" y=\"14\">{version}</text></g></svg>",
        right - 4
    );
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .insert_header(("cross-origin-resource-policy", "cross-origin"))
        .content_type("image/svg+xml")
        .body(svg))
}
