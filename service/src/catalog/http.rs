//! Handlers of `/api/v1/catalog`: published only, for everyone.
use super::{
    count, feed, list,
    query::CatalogQuery,
    view::{CatalogDetail, CatalogFacets, CatalogPage},
};
use crate::{
    auth::{access::segment, names},
    error::{Error, Result},
    filters::view::visibility,
    http::{conditional, many::ManyQuery, problem::Problems},
    releases::view::ReleaseItem,
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, http::header, web};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use tamis_entities::{
    catalog_entry, release,
    value::{ReleaseState, Sha256, Slug},
};

/// Browse and search the catalog
#[utoipa::path(tag = "catalog", operation_id = "listCatalog", params(CatalogQuery),
    responses((status = 200, description = "A page", body = CatalogPage), Problems), security((), ("token" = [])))]
#[get("/api/v1/catalog")]
pub async fn list_catalog(
    state: web::Data<State>,
    query: ManyQuery<CatalogQuery>,
) -> Result<web::Json<CatalogPage>> {
    Ok(web::Json(list::list(&state, &query.0).await?))
}

/// Count what the catalog could be narrowed to
///
/// Takes the same query as the list, and tells for each value of a facet how many filters one
/// would find by choosing it. `sort`, `after` and `limit` change nothing here.
#[utoipa::path(tag = "catalog", operation_id = "countCatalog", params(CatalogQuery),
    responses((status = 200, description = "The counts", body = CatalogFacets), Problems), security((), ("token" = [])))]
#[get("/api/v1/catalog/facets")]
pub async fn count_catalog(
    state: web::Data<State>,
    query: ManyQuery<CatalogQuery>,
) -> Result<web::Json<CatalogFacets>> {
    Ok(web::Json(count::facets(&state, &query.0).await?))
}

/// A feed, and whether the reader has it already: readers ask again and again.
fn atom(request: &HttpRequest, xml: String) -> HttpResponse {
    let etag = format!("\"{}\"", &Sha256::of(xml.as_bytes()).hex()[..32]);
    let unchanged = conditional::is_unchanged(request, &etag);
    let mut reply = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    reply.insert_header((header::ETAG, etag)).insert_header((header::CACHE_CONTROL, "public, max-age=60"));
    match unchanged {
        true => reply.finish(),
        false => reply.content_type("application/atom+xml; charset=utf-8").body(xml),
    }
}

/// Follow the catalog
///
/// The releases published last, as an Atom feed (RFC 4287).
#[utoipa::path(tag = "catalog", operation_id = "getFeed",
    responses((status = 200, description = "The newest 50", content_type = "application/atom+xml", body = String), (status = 304, description = "Unchanged"), Problems), security((), ("token" = [])))]
#[get("/feed.atom")]
pub async fn get_feed(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse> {
    Ok(atom(&request, feed::of_catalog(&state).await?))
}

/// Follow a namespace
///
/// The releases that it published last, as an Atom feed (RFC 4287).
#[utoipa::path(tag = "catalog", operation_id = "getNamespaceFeed",
    params(("namespace" = String, Path, description = "Handle of a user or team")),
    responses((status = 200, description = "The newest 50", content_type = "application/atom+xml", body = String), (status = 304, description = "Unchanged"), Problems), security((), ("token" = [])))]
#[get("/filters/{namespace}/feed.atom")]
pub async fn get_namespace_feed(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse> {
    let xml = feed::of_namespace(&state, &segment(&request, "namespace")?).await?;
    Ok(atom(&request, xml))
}

/// Get a filter of the catalog
#[utoipa::path(tag = "catalog", operation_id = "getCatalogEntry",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    responses((status = 200, description = "What is published of it", body = CatalogDetail), Problems), security((), ("token" = [])))]
#[get("/api/v1/catalog/{namespace}/{filter}")]
pub async fn get_catalog_entry(
    state: web::Data<State>,
    request: HttpRequest,
) -> Result<web::Json<CatalogDetail>> {
    let (namespace, name): (Slug, Slug) = (segment(&request, "namespace")?, segment(&request, "filter")?);
    let place = names::filter(&*state.db, &namespace, &name).await?.ok_or_else(Error::not_found)?;
    let filter = place.filter;
    let entry = catalog_entry::Entity::find_by_id(filter.id).one(&*state.db).await?;
    let entry = entry.ok_or_else(Error::not_found)?;
    let mut releases = release::Entity::find()
        .filter(release::Column::FilterId.eq(entry.filter_id))
        .filter(release::Column::State.eq(ReleaseState::Published))
        .into_partial_model::<ReleaseItem>()
        .all(&*state.db)
        .await?;
    releases.sort_by_key(|r| std::cmp::Reverse(r.version.semver()));
    releases.truncate(100);
    let newest = release::Entity::find_by_id(entry.release_id).one(&*state.db).await?;
    let newest = newest.filter(|r| r.state == ReleaseState::Published).ok_or_else(Error::not_found)?;
    let metadata = crate::releases::shown_metadata(&newest, false).clone();
    Ok(web::Json(CatalogDetail {
        visibility: visibility(&filter),
        source_repository: filter.source_repository,
        metadata,
        releases,
        item: entry.into(),
    }))
}
