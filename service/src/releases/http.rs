//! Handlers of `…/releases`.
use super::{
    list,
    multipart::{self, UploadForm},
    publication,
    view::{ReleaseItem, ReleaseView, etag, release_view},
};
use crate::{
    auth::{FilterAccess, ReleaseAccess, UploadTarget, access::segment},
    counts::Of,
    error::{Error, Kind, Result},
    filters::change::MetadataChange,
    http::{
        body::{Json, Query},
        conditional,
        page::{Page, PageQuery},
        problem::Problems,
    },
    modules::{
        deliver::{self, Delivery},
        http::WasmBytes,
        spool, stopped, store,
    },
    registry,
    state::State,
};
use actix_multipart::Multipart;
use actix_web::{HttpRequest, HttpResponse, delete, get, http::header, patch, post, put, web};
use serde::Deserialize;
use tamis_entities::{
    release,
    value::{PluginType, ReleaseState, Version},
};
use tamis_verification::Report;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct UploadQuery {
    /// The declared plugin type; else the filter's default.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub plugin_type: Option<PluginType>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonRequest {
    /// Shown to everyone who could read the release.
    #[schema(max_length = 1000)]
    pub reason: Option<String>,
}

impl ReasonRequest {
    fn checked(self) -> Result<Option<String>> {
        match self.reason {
            Some(reason) if reason.len() > 1000 => Err(Error::invalid("reason", "at most 1000 bytes")),
            reason => Ok(reason.filter(|r| !r.trim().is_empty())),
        }
    }
}

async fn reply(state: &State, uploaded: super::Uploaded) -> Result<HttpResponse> {
    let view = release_view(state, &uploaded.namespace, &uploaded.filter, &uploaded.release, true).await?;
    let mut reply = if uploaded.created { HttpResponse::Created() } else { HttpResponse::Ok() };
    let location = view.links.report.trim_end_matches("/report").to_owned();
    Ok(reply.insert_header((header::LOCATION, location)).json(view))
}

/// Upload a release
///
/// The body is the module: `curl -T filter.wasm`. Creates the filter if it is not there. The
/// bytes are verified before anything is stored; a refused module answers 422 with the report.
#[utoipa::path(tag = "releases", operation_id = "uploadRelease",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"),
        ("version" = String, Path, description = "SemVer, e.g. `1.2.0`"), UploadQuery),
    request_body(content = WasmBytes, content_type = "application/wasm"),
    responses((status = 201, description = "Uploaded", body = ReleaseView), (status = 200, description = "The same bytes were there already", body = ReleaseView), Problems))]
#[put("/api/v1/filters/{namespace}/{filter}/releases/{version}")]
pub async fn upload_release(
    state: web::Data<State>,
    target: UploadTarget,
    query: Query<UploadQuery>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse> {
    let version: Version = segment::<String>(&request, "version")?
        .parse()
        .map_err(|e: tamis_entities::value::Invalid| Error::invalid("version", e.to_string()))?;
    check_media(&request)?;
    check_length(&state, &request)?;
    let spooled = spool::receive(&state, payload).await?;
    let change = MetadataChange {
        plugin_type: query.0.plugin_type.map_or_else(Default::default, crate::filters::change::Patch::Set),
        ..Default::default()
    };
    reply(&state, super::upload(&state, target, &version, spooled, change).await?).await
}

/// The digest is over the bytes as they come: what is packed here would stay packed.
fn check_coding(request: &HttpRequest) -> Result<()> {
    let coding = request.headers().get(header::CONTENT_ENCODING).map(|v| v.as_bytes());
    if coding.is_some_and(|c| !c.eq_ignore_ascii_case(b"identity")) {
        return Err(Error::new(
            Kind::UnsupportedMedia,
            "unsupported-content-encoding",
            "send the bytes as they are, without Content-Encoding",
        ));
    }
    Ok(())
}

fn check_media(request: &HttpRequest) -> Result<()> {
    check_coding(request)?;
    let Some(media) = request.headers().get(header::CONTENT_TYPE) else { return Ok(()) };
    let essence =
        media.to_str().unwrap_or("?").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/wasm" | "application/octet-stream" => Ok(()),
        _ => Err(Error::new(
            Kind::UnsupportedMedia,
            "unsupported-media-type",
            "send the bytes as application/wasm or application/octet-stream",
        )),
    }
}

/// Refuses by the announced length, before a byte is read.
fn check_length(state: &State, request: &HttpRequest) -> Result<()> {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse::<u64>().ok());
    match announced {
        Some(n) if n > state.serve.max_module_bytes => Err(spool::too_large(state.serve.max_module_bytes)),
        _ => Ok(()),
    }
}

/// Upload a release from a form
#[utoipa::path(tag = "releases", operation_id = "uploadReleaseForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter")),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "Uploaded", body = ReleaseView), (status = 200, description = "The same bytes were there already", body = ReleaseView), Problems))]
#[post("/api/v1/filters/{namespace}/{filter}/releases")]
pub async fn upload_release_form(
    state: web::Data<State>,
    target: UploadTarget,
    request: HttpRequest,
    form: Multipart,
) -> Result<HttpResponse> {
    check_coding(&request)?;
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !media.to_ascii_lowercase().starts_with("multipart/form-data") {
        return Err(Error::new(
            Kind::UnsupportedMedia,
            "unsupported-media-type",
            "send a multipart/form-data form",
        ));
    }
    let form = multipart::read(&state, form).await?;
    reply(&state, super::upload(&state, target, &form.version, form.module, form.change).await?).await
}

/// List releases
///
/// Newest upload first. Drafts are shown to insiders (and, of a public filter, to everyone
/// signed in); yanked and quarantined ones to insiders only.
#[utoipa::path(tag = "releases", operation_id = "listReleases",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), PageQuery),
    responses((status = 200, description = "A page", body = Page<ReleaseItem>), Problems), security((), ("token" = [])))]
#[get("/api/v1/filters/{namespace}/{filter}/releases")]
pub async fn list_releases(
    state: web::Data<State>,
    access: FilterAccess,
    page: Query<PageQuery>,
) -> Result<web::Json<Page<ReleaseItem>>> {
    Ok(web::Json(list::list(&state, &access, &page.0).await?))
}

/// Get a release
#[utoipa::path(tag = "releases", operation_id = "getRelease",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer")),
    responses((status = 200, description = "The release; `ETag` for `If-Match`", body = ReleaseView), (status = 304, description = "Unchanged"), Problems), security((), ("token" = [])))]
#[get("/api/v1/filters/{namespace}/{filter}/releases/{version}")]
pub async fn get_release(
    state: web::Data<State>,
    found: ReleaseAccess,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let access = &found.access;
    let insider = access.relation.is_insider() || access.relation.reviews;
    let etag = etag(&access.filter, &found.release, insider);
    if conditional::is_unchanged(&request, &etag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish());
    }
    let view = release_view(&state, &access.namespace, &access.filter, &found.release, insider).await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag)).json(view))
}

/// Describe a draft
///
/// Fields left out keep their value, null clears. Open reviews of the release are
/// superseded: what they asked for has changed.
#[utoipa::path(tag = "releases", operation_id = "changeRelease", request_body = MetadataChange,
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer"),
        ("If-Match" = Option<String>, Header, description = "Change only this state of it")),
    responses((status = 200, description = "Changed", body = ReleaseView), Problems))]
#[patch("/api/v1/filters/{namespace}/{filter}/releases/{version}")]
pub async fn change_release(
    state: web::Data<State>,
    found: ReleaseAccess,
    request: HttpRequest,
    change: Json<MetadataChange>,
) -> Result<web::Json<ReleaseView>> {
    let ReleaseAccess { access, release } = found;
    conditional::check_if_match(&request, &etag(&access.filter, &release, true))?;
    let object = format!("release:{}@{}", access.name(), release.version);
    let release = super::change(&state, &access.filter, release, access.who()?, object, change.0).await?;
    Ok(web::Json(release_view(&state, &access.namespace, &access.filter, &release, true).await?))
}

/// Delete a draft
///
/// Its version stays taken by its digest for ever.
#[utoipa::path(tag = "releases", operation_id = "deleteRelease",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer"),
        ("If-Match" = Option<String>, Header, description = "Change only this state of it")),
    responses((status = 204, description = "Deleted"), Problems))]
#[delete("/api/v1/filters/{namespace}/{filter}/releases/{version}")]
pub async fn delete_release(
    state: web::Data<State>,
    found: ReleaseAccess,
    request: HttpRequest,
) -> Result<HttpResponse> {
    conditional::check_if_match(&request, &etag(&found.access.filter, &found.release, true))?;
    let object = format!("release:{}@{}", found.access.name(), found.release.version);
    super::delete(&state, &found.access.filter, &found.release, found.access.who()?, object).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Get the report
///
/// What verification found in the bytes: facts, findings, hosts, capabilities, verdict.
#[utoipa::path(tag = "releases", operation_id = "getReport",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer")),
    responses((status = 200, description = "The report", body = Report), Problems), security((), ("token" = [])))]
#[get("/api/v1/filters/{namespace}/{filter}/releases/{version}/report")]
pub async fn get_report(state: web::Data<State>, found: ReleaseAccess) -> Result<web::Json<Report>> {
    let release = &found.release;
    let shown =
        super::shown_metadata(release, found.access.relation.is_insider() || found.access.relation.reviews);
    Ok(web::Json(store::report_of(&state, &release.sha256, shown.plugin_type).await?))
}

/// Download a release's module
///
/// `ETag` is the digest. `Range` and `If-None-Match` work as usual. The bytes are hashed on
/// the way out: a rotten object breaks the connection instead of ending a wrong body.
#[utoipa::path(tag = "releases", operation_id = "downloadModule",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer")),
    responses((status = 200, description = "The bytes", body = WasmBytes, content_type = "application/wasm"), (status = 206, description = "The range asked for"), (status = 304, description = "Unchanged"), Problems), security((), ("token" = [])))]
#[get("/api/v1/filters/{namespace}/{filter}/releases/{version}/module")]
pub async fn download_module(
    state: web::Data<State>,
    found: ReleaseAccess,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let (filter, release) = (&found.access.filter, &found.release);
    stopped::check(&state, &found.access, &release.sha256).await?;
    let delivery = Delivery {
        sha256: &release.sha256,
        size: u64::try_from(release.size).unwrap_or_default(),
        generation: None,
        public: matches!(release.state, ReleaseState::Published | ReleaseState::Yanked),
        counted: Of::Release(release.id),
        filename: Some(format!("{}-{}.wasm", filter.name, release.version)),
    };
    deliver::send(&state, &request, delivery).await
}

/// Yank a release
///
/// It leaves catalog, search and `latest`; whoever names the version or digest still gets it.
#[utoipa::path(tag = "releases", operation_id = "yankRelease", request_body = ReasonRequest,
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer")),
    responses((status = 200, description = "Yanked", body = ReleaseView), Problems))]
#[post("/api/v1/filters/{namespace}/{filter}/releases/{version}/yank")]
pub async fn yank_release(
    state: web::Data<State>,
    found: ReleaseAccess,
    body: Json<ReasonRequest>,
) -> Result<web::Json<ReleaseView>> {
    let release = publication::yank(&state, &found.access, &found.release, body.0.checked()?).await?;
    moved(&state, &found, &release).await
}

/// Take a yank back
#[utoipa::path(tag = "releases", operation_id = "unyankRelease",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer")),
    responses((status = 200, description = "Published again", body = ReleaseView), Problems))]
#[post("/api/v1/filters/{namespace}/{filter}/releases/{version}/unyank")]
pub async fn unyank_release(state: web::Data<State>, found: ReleaseAccess) -> Result<web::Json<ReleaseView>> {
    let release = publication::unyank(&state, &found.access, &found.release).await?;
    moved(&state, &found, &release).await
}

/// Quarantine a release
///
/// For curators. Nobody but the author and curators gets the bytes any more; a review with
/// the action `unquarantine` ends it.
#[utoipa::path(tag = "releases", operation_id = "quarantineRelease", request_body = ReasonRequest,
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer")),
    responses((status = 200, description = "Quarantined", body = ReleaseView), Problems))]
#[post("/api/v1/filters/{namespace}/{filter}/releases/{version}/quarantine")]
pub async fn quarantine_release(
    state: web::Data<State>,
    found: ReleaseAccess,
    body: Json<ReasonRequest>,
) -> Result<web::Json<ReleaseView>> {
    let reason = body.0.checked()?.ok_or_else(|| {
        Error::invalid("reason", "say why: the author and everyone who could read it will see this")
    })?;
    let release = publication::quarantine(&state, &found.access, &found.release, reason).await?;
    moved(&state, &found, &release).await
}

/// Make the form of Solo's specification
///
/// Two layers, one of them the module as it is, for readers that know no other form. It is pulled by its digest,
/// which stands among the release's `forms` from then on; the same release gives the same digest everywhere.
#[utoipa::path(tag = "releases", operation_id = "makeSoloForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer")),
    responses((status = 201, description = "Made", body = ReleaseView), (status = 200, description = "It was there already", body = ReleaseView), Problems))]
#[put("/api/v1/filters/{namespace}/{filter}/releases/{version}/forms/oci-solo")]
pub async fn make_solo_form(state: web::Data<State>, found: ReleaseAccess) -> Result<HttpResponse> {
    let made = registry::forms::solo::make(&state, &found.access, &found.release).await?;
    let view = moved(&state, &found, &found.release).await?;
    let mut reply = if made { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(reply.json(view.0))
}

async fn moved(
    state: &State,
    found: &ReleaseAccess,
    release: &release::Model,
) -> Result<web::Json<ReleaseView>> {
    Ok(web::Json(
        release_view(
            state,
            &found.access.namespace,
            &found.access.filter,
            release,
            found.access.relation.is_insider(),
        )
        .await?,
    ))
}
