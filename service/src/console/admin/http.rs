//! Handlers of `/admin`.
use super::{audit, health, meshery, people, policy};
use crate::{
    audit::list::AuditQuery,
    auth::{SignedIn, access::segment},
    console::{frame, own_form::OwnForm},
    error::Result,
    http::{body::Query, page::PageQuery, problem::Problems},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};

/// The audit log as a page
#[utoipa::path(tag = "pages", operation_id = "showAudit", params(AuditQuery),
    responses((status = 200, description = "Newest first", content_type = "text/html", body = String), Problems))]
#[get("/admin/audit")]
pub async fn show_audit(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    query: Query<AuditQuery>,
) -> Result<HttpResponse> {
    frame::reply(StatusCode::OK, &audit::page(&state, &request, &who.0, query.0).await?)
}

/// The policy as a page
#[utoipa::path(tag = "pages", operation_id = "showPolicy",
    responses((status = 200, description = "What holds here, in words", content_type = "text/html", body = String), Problems))]
#[get("/admin/policy")]
pub async fn show_policy(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    frame::reply(StatusCode::OK, &policy::page(&state, &request, &who.0)?)
}

/// The instance's health as a page
#[utoipa::path(tag = "pages", operation_id = "showHealth",
    responses((status = 200, description = "Parts, jobs, counts", content_type = "text/html", body = String), Problems))]
#[get("/admin/health")]
pub async fn show_health(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    frame::reply(StatusCode::OK, &health::page(&state, &request, &who.0).await?)
}

/// The Meshery Servers as a page
#[utoipa::path(tag = "pages", operation_id = "showMesheryServers",
    responses((status = 200, description = "Those that people log in from, or want to", content_type = "text/html", body = String), Problems))]
#[get("/admin/meshery")]
pub async fn show_meshery(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    frame::reply(StatusCode::OK, &meshery::page(&state, &request, &who.0).await?)
}

/// Let a Meshery Server in, rename it or cut it off by a form
#[utoipa::path(tag = "pages", operation_id = "changeMesheryServer", params(("id" = uuid::Uuid, Path, description = "Id of the server")),
    request_body(content = meshery::ServerForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the page"), Problems))]
#[post("/admin/meshery/{id}")]
pub async fn change_meshery_server(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    form: OwnForm<meshery::ServerForm>,
) -> Result<HttpResponse> {
    meshery::act(&state, &who.0, segment(&request, "id").ok(), form.0).await?;
    Ok(frame::see("/admin/meshery"))
}

/// The people as a page
#[utoipa::path(tag = "pages", operation_id = "showPeople", params(PageQuery),
    responses((status = 200, description = "Oldest account first, and how each comes in", content_type = "text/html", body = String), Problems))]
#[get("/admin/people")]
pub async fn show_people(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    query: Query<PageQuery>,
) -> Result<HttpResponse> {
    let page = people::page(&state, &request, &who.0, query.0.after, people::Making::default()).await?;
    frame::reply(StatusCode::OK, &page)
}

/// Add a person by a form
#[utoipa::path(tag = "pages", operation_id = "addPersonByForm",
    request_body(content = people::PersonForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 201, description = "The page, with a one-time link on it once", content_type = "text/html", body = String), Problems))]
#[post("/admin/people")]
pub async fn add_person(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    form: OwnForm<people::PersonForm>,
) -> Result<HttpResponse> {
    let making = people::make(&state, &who.0, form.0).await?;
    let status = making.status();
    frame::reply(status, &people::page(&state, &request, &who.0, None, making).await?)
}

/// Make a link for a person, disable or enable them by a form
#[utoipa::path(tag = "pages", operation_id = "changePersonByForm", params(("user" = String, Path, description = "Handle of the user")),
    request_body(content = people::PersonAct, content_type = "application/x-www-form-urlencoded"),
    responses((status = 201, description = "The page, with a one-time link on it once", content_type = "text/html", body = String),
        (status = 303, description = "Back to the page"), Problems))]
#[post("/admin/people/{user}")]
pub async fn change_person(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    form: OwnForm<people::PersonAct>,
) -> Result<HttpResponse> {
    match people::act(&state, &who.0, segment(&request, "user")?, form.0).await? {
        Some(making) => {
            let status = making.status();
            frame::reply(status, &people::page(&state, &request, &who.0, None, making).await?)
        }
        None => Ok(frame::see("/admin/people")),
    }
}
