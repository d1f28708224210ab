//! Handlers of `/api/v1/filters/{namespace}/{filter}` and its grants.
use super::{
    change::FilterChange,
    clone::{self, CloneRequest},
    grants::{self, GrantRequest, GrantView},
    list::{self, FilterQuery},
    view::{self, FilterItem, FilterView},
};
use crate::{
    auth::{
        Caller, FilterAccess, Identity, UploadTarget,
        access::{self, segment},
    },
    db,
    error::{Error, Result},
    http::{
        body::{Json, Query},
        conditional,
        page::Page,
        problem::Problems,
    },
    releases::view::{ReleaseView, release_view},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, delete, get, http::header, post, put, web};
use tamis_entities::{filter, namespace};

fn etag(filter: &filter::Model) -> String {
    format!("\"{}-{}\"", filter.id.simple(), filter.row_version)
}

/// List filters
///
/// The filters that you may see: those with something published, and, signed in, public
/// ones, your own, your teams' and those granted to you.
#[utoipa::path(tag = "filters", operation_id = "listFilters", params(FilterQuery),
    responses((status = 200, description = "A page", body = Page<FilterItem>), Problems), security((), ("token" = [])))]
#[get("/api/v1/filters")]
pub async fn list_filters(
    state: web::Data<State>,
    caller: Caller,
    query: Query<FilterQuery>,
) -> Result<web::Json<Page<FilterItem>>> {
    Ok(web::Json(list::list(&state, &caller, &query.0).await?))
}

/// Get a filter
#[utoipa::path(tag = "filters", operation_id = "getFilter",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    responses((status = 200, description = "The filter; `ETag` for `If-Match`", body = FilterView), (status = 304, description = "Unchanged"), Problems), security((), ("token" = [])))]
#[get("/api/v1/filters/{namespace}/{filter}")]
pub async fn get_filter(
    state: web::Data<State>,
    access: FilterAccess,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let etag = etag(&access.filter);
    if conditional::is_unchanged(&request, &etag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish());
    }
    let view = view::view(&state, &access.namespace, &access.filter, access.relation.writes()).await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag)).json(view))
}

/// Create or change a filter
///
/// Fields left out keep their value, null clears. A new filter is private.
#[utoipa::path(tag = "filters", operation_id = "putFilter", request_body = FilterChange,
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"),
        ("If-Match" = Option<String>, Header, description = "Change only this state of it")),
    responses((status = 200, description = "Changed", body = FilterView), (status = 201, description = "Created", body = FilterView), Problems))]
#[put("/api/v1/filters/{namespace}/{filter}")]
pub async fn put_filter(
    state: web::Data<State>,
    target: UploadTarget,
    request: HttpRequest,
    change: Json<FilterChange>,
) -> Result<HttpResponse> {
    let (caller, namespace) = match &target {
        UploadTarget::Existing(access) => (&access.caller, &access.namespace),
        UploadTarget::New { caller, namespace, .. } => (caller, namespace),
    };
    let who = caller.identity().ok_or_else(|| Error::unauthenticated("sign in, or send a token"))?;
    let put = || put(&state, &target, namespace, who, &request, &change.0);
    let (filter, created) = db::retrying(put).await?;
    let mut reply = if created { HttpResponse::Created() } else { HttpResponse::Ok() };
    let view = view::view(&state, namespace, &filter, true).await?;
    Ok(reply.insert_header((header::ETAG, etag(&filter))).json(view))
}

/// The filter as it is then, and whether it is new.
async fn put(
    state: &State,
    target: &UploadTarget,
    namespace: &namespace::Model,
    who: &Identity,
    request: &HttpRequest,
    change: &FilterChange,
) -> Result<(filter::Model, bool)> {
    let txn = state.db.begin_write().await?;
    let (filter, created) = match target {
        UploadTarget::New { name, .. } => (super::create(state, &txn, who, namespace, name).await?, true),
        UploadTarget::Existing(access) => {
            // Read again inside the transaction: `If-Match` speaks of now.
            (access::relock_filter(&*txn, &access.filter).await?, false)
        }
    };
    if !created {
        conditional::check_if_match(request, &etag(&filter))?;
    }
    let filter = super::apply(state, &txn, who, namespace, filter, change.clone()).await?;
    txn.commit().await?;
    Ok((filter, created))
}

/// Delete a filter
///
/// Only while nothing of it is published. Its versions stay taken: the same name and
/// version never get other bytes.
#[utoipa::path(tag = "filters", operation_id = "deleteFilter",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"),
        ("If-Match" = Option<String>, Header, description = "Delete only this state of it")),
    responses((status = 204, description = "Deleted"), Problems))]
#[delete("/api/v1/filters/{namespace}/{filter}")]
pub async fn delete_filter(
    state: web::Data<State>,
    access: FilterAccess,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let may_go = |now: &filter::Model| conditional::check_if_match(&request, &etag(now));
    db::retrying(|| super::delete(&state, &access, &may_go)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Clone a filter
///
/// Makes a new private filter with one draft release of the same version and module, which
/// records where it came from.
#[utoipa::path(tag = "filters", operation_id = "cloneFilter", request_body = CloneRequest,
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    responses((status = 201, description = "The release of the clone", body = ReleaseView), Problems))]
#[post("/api/v1/filters/{namespace}/{filter}/clone")]
pub async fn clone_filter(
    state: web::Data<State>,
    access: FilterAccess,
    body: Json<CloneRequest>,
) -> Result<HttpResponse> {
    let (namespace, filter, release) = clone::clone(&state, access, body.0).await?;
    Ok(HttpResponse::Created().json(release_view(&state, &namespace, &filter, &release, true).await?))
}

/// List grants
#[utoipa::path(tag = "filters", operation_id = "listGrants",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    responses((status = 200, description = "All grants on the filter", body = Page<GrantView>), Problems))]
#[get("/api/v1/filters/{namespace}/{filter}/grants")]
pub async fn list_grants(
    state: web::Data<State>,
    access: FilterAccess,
) -> Result<web::Json<Page<GrantView>>> {
    Ok(web::Json(Page { items: grants::list(&state, &access).await?, next: None }))
}

/// Give a grant
#[utoipa::path(tag = "filters", operation_id = "putGrant", request_body = GrantRequest,
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"),
        ("subject" = String, Path, description = "`user:name` or `team:name`")),
    responses((status = 200, description = "The grant as it is now", body = GrantView), Problems))]
#[put("/api/v1/filters/{namespace}/{filter}/grants/{subject}")]
pub async fn put_grant(
    state: web::Data<State>,
    access: FilterAccess,
    request: HttpRequest,
    body: Json<GrantRequest>,
) -> Result<web::Json<GrantView>> {
    let subject = grants::subject(&state, &segment::<String>(&request, "subject")?).await?;
    Ok(web::Json(grants::put(&state, &access, &subject, body.0).await?))
}

/// Take a grant back
#[utoipa::path(tag = "filters", operation_id = "deleteGrant",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"),
        ("subject" = String, Path, description = "`user:name` or `team:name`")),
    responses((status = 204, description = "Taken back"), Problems))]
#[delete("/api/v1/filters/{namespace}/{filter}/grants/{subject}")]
pub async fn delete_grant(
    state: web::Data<State>,
    access: FilterAccess,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let subject = grants::subject(&state, &segment::<String>(&request, "subject")?).await?;
    grants::remove(&state, &access, &subject).await?;
    Ok(HttpResponse::NoContent().finish())
}
