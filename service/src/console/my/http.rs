//! Handlers of `/my`.
use super::{
    receive::Reading,
    release::{self, Told},
    upload::{self, Typed},
};
use crate::{
    auth::{Caller, ReleaseAccess, SignedIn, access::relock_filter},
    console::{
        frame::{self, see},
        own_form::OwnForm,
        refused::wants_a_page,
    },
    db,
    error::{Error, Kind, Result},
    filters::{
        self,
        change::{FilterChange, MetadataChange, Patch},
    },
    http::{
        body::Query,
        problem::{Problem, Problems},
    },
    imports::{self, ImportRequest},
    releases::{self, Uploaded},
    state::State,
};
use actix_multipart::Multipart;
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, get, http::StatusCode, post, web};
use serde::Deserialize;
use tamis_entities::value::Version;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UploadPageQuery {
    /// The filter that gets a release: `namespace/name`.
    pub filter: Option<String>,
    /// Its newest version: the next one is proposed.
    pub after: Option<String>,
}

/// The parts of the upload's form, the module last.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the form")]
pub struct UploadPageForm {
    form: String,
    namespace: String,
    filter: String,
    version: String,
    r#type: Option<String>,
    #[schema(value_type = String, format = Binary)]
    module: Vec<u8>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportForm {
    #[serde(default)]
    pub form: String,
    pub namespace: String,
    pub filter: String,
    pub version: String,
    pub url: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DescriptionForm {
    #[serde(default)]
    pub form: String,
    pub summary: String,
    #[serde(rename = "type")]
    pub plugin_type: String,
    pub licence: String,
    #[serde(default)]
    pub source: String,
    pub readme: String,
    /// Of the request that the same form can send.
    #[serde(default)]
    pub note: String,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReleasePageQuery {
    /// The description was just kept.
    pub saved: Option<String>,
}

fn work_page(made: &Uploaded) -> HttpResponse {
    see(&format!("/my/releases/{}/{}/{}", made.namespace.handle, made.filter.name, made.release.version))
}

/// Your filters and requests
#[utoipa::path(tag = "pages", operation_id = "showMyWork",
    responses((status = 200, description = "What you work on", content_type = "text/html", body = String), Problems))]
#[get("/my")]
pub async fn show_my_work(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let caller = Caller(Some(who.0.clone()));
    frame::reply(StatusCode::OK, &super::page(&state, &request, &caller, &who.0).await?)
}

/// The form of an upload
#[utoipa::path(tag = "pages", operation_id = "showUpload", params(UploadPageQuery),
    responses((status = 200, description = "The form", content_type = "text/html", body = String), Problems))]
#[get("/my/upload")]
pub async fn show_upload(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    query: Query<UploadPageQuery>,
) -> Result<HttpResponse> {
    let given = query.0.filter.unwrap_or_default();
    let (namespace, filter) = given.split_once('/').unwrap_or((who.0.handle.as_str(), ""));
    let version = query.0.after.as_deref().and_then(next).unwrap_or_default();
    let typed = Typed { namespace: namespace.into(), filter: filter.into(), version, ..Default::default() };
    upload::reply(&state, &request, &Caller(Some(who.0.clone())), typed, None)
}

/// The patch version after this one.
fn next(version: &str) -> Option<String> {
    let newest = version.parse::<Version>().ok()?.semver();
    let patch = if newest.pre.is_empty() { newest.patch.checked_add(1)? } else { newest.patch };
    Some(format!("{}.{}.{patch}", newest.major, newest.minor))
}

/// Upload by a form
#[utoipa::path(tag = "pages", operation_id = "uploadByForm", request_body(content = UploadPageForm, content_type = "multipart/form-data"),
    responses((status = 303, description = "To the page of the draft"), (status = 422, description = "The report, explained", content((String = "text/html"), (Problem = "application/problem+json"))), Problems))]
#[post("/my/upload")]
pub async fn upload_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse> {
    let caller = Caller(Some(who.0.clone()));
    let mut reading = Reading::default();
    let made = async {
        let form = multipart(&request, payload).await?;
        let got = reading.read(&state, &request, &caller, form).await?;
        releases::upload(&state, got.target, &got.version, got.module, got.change).await
    }
    .await;
    match made {
        Ok(made) => Ok(work_page(&made)),
        Err(error) if wants_a_page(&request) && upload::is_shown(&error) => {
            upload::reply(&state, &request, &caller, reading.typed, Some(&error))
        }
        Err(error) => Err(error),
    }
}

async fn multipart(request: &HttpRequest, payload: web::Payload) -> Result<Multipart> {
    let mut payload: Payload = payload.into_inner();
    Multipart::from_request(request, &mut payload).await.map_err(|e| Error::invalid("body", e.to_string()))
}

/// Import by a form
#[utoipa::path(tag = "pages", operation_id = "importByForm", request_body(content = ImportForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the page of the draft"), (status = 422, description = "Why it was not accepted", content((String = "text/html"), (Problem = "application/problem+json"))), Problems))]
#[post("/my/imports")]
pub async fn import_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    form: OwnForm<ImportForm>,
) -> Result<HttpResponse> {
    let ImportForm { namespace, filter, version, url, .. } = form.0;
    let typed = Typed { namespace, filter, version, url };
    let caller = Caller(Some(who.0.clone()));
    let made = async { imports::import(&state, caller.clone(), asked(&typed)?).await }.await;
    match made {
        Ok(made) => Ok(work_page(&made)),
        Err(error) if wants_a_page(&request) && upload::is_shown(&error) => {
            upload::reply(&state, &request, &caller, typed, Some(&error))
        }
        Err(error) => Err(error),
    }
}

fn asked(typed: &Typed) -> Result<ImportRequest> {
    let wrong =
        |field: &'static str| move |e: tamis_entities::value::Invalid| Error::invalid(field, e.to_string());
    Ok(ImportRequest {
        url: typed.url.trim().to_owned(),
        namespace: typed.namespace.trim().parse().map_err(wrong("namespace"))?,
        filter: typed.filter.trim().parse().map_err(wrong("filter"))?,
        version: typed.version.trim().parse().map_err(wrong("version"))?,
        sha256: None,
    })
}

/// A release that you work on
#[utoipa::path(tag = "pages", operation_id = "showMyRelease",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer"), ReleasePageQuery),
    responses((status = 200, description = "What was found, and the way to its publication", content_type = "text/html", body = String), Problems))]
#[get("/my/releases/{namespace}/{filter}/{version}")]
pub async fn show_my_release(
    state: web::Data<State>,
    found: ReleaseAccess,
    request: HttpRequest,
    query: Query<ReleasePageQuery>,
) -> Result<HttpResponse> {
    let told = Told { saved: query.0.saved.is_some(), ..Told::default() };
    frame::reply(StatusCode::OK, &release::page(&state, &request, found, told).await?)
}

pub(super) fn back(found: &ReleaseAccess) -> String {
    format!("/my/releases/{}/{}", found.access.name(), found.release.version)
}

/// The page again with what was typed, where a person can mend it there.
pub(super) async fn shown(
    state: &State,
    request: &HttpRequest,
    found: ReleaseAccess,
    typed: DescriptionForm,
    error: Error,
) -> Result<HttpResponse> {
    if error.kind() != Kind::Invalid || !wants_a_page(request) {
        return Err(error);
    }
    let told = Told { refused: Some(error), typed: Some(typed), saved: false };
    frame::reply(StatusCode::BAD_REQUEST, &release::page(state, request, found, told).await?)
}

/// Describe a draft by a form
#[utoipa::path(tag = "pages", operation_id = "describeByForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer")),
    request_body(content = DescriptionForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/my/releases/{namespace}/{filter}/{version}/description")]
pub async fn describe_by_form(
    state: web::Data<State>,
    found: ReleaseAccess,
    request: HttpRequest,
    form: OwnForm<DescriptionForm>,
) -> Result<HttpResponse> {
    match describe(&state, &found, &form.0).await {
        Ok(()) => Ok(see(&format!("{}?saved=yes", back(&found)))),
        Err(error) => shown(&state, &request, found, form.0, error).await,
    }
}

fn text(text: &str) -> Patch<String> {
    match text.trim() {
        "" => Patch::Clear,
        _ => Patch::Set(text.replace("\r\n", "\n")),
    }
}

/// What the form says of the release itself.
pub(super) fn of_release(form: &DescriptionForm) -> Result<MetadataChange> {
    let plugin_type = match form.plugin_type.as_str() {
        "" => Patch::Clear,
        word => Patch::Set(word.parse().map_err(|_| Error::invalid("type", "http, network or service"))?),
    };
    let (licence, readme) = (text(&form.licence), text(&form.readme));
    Ok(MetadataChange { plugin_type, licence, readme, ..Default::default() })
}

/// What is said of the release, and of the filter: its own texts, and what its next release begins with.
pub(super) async fn describe(state: &State, found: &ReleaseAccess, form: &DescriptionForm) -> Result<()> {
    let who = found.access.who()?;
    let said = of_release(form)?;
    let filter = FilterChange {
        summary: text(&form.summary),
        source_repository: text(&form.source),
        defaults: said.clone(),
        ..Default::default()
    };
    db::retrying(|| change_filter(state, found, &filter)).await?;
    let object = format!("release:{}@{}", found.access.name(), found.release.version);
    releases::change(state, &found.access.filter, found.release.clone(), who, object, said).await?;
    Ok(())
}

async fn change_filter(state: &State, found: &ReleaseAccess, change: &FilterChange) -> Result<()> {
    let access = &found.access;
    let txn = state.db.begin_write().await?;
    let filter = relock_filter(&*txn, &access.filter).await?;
    filters::apply(state, &txn, access.who()?, &access.namespace, filter, change.clone()).await?;
    txn.commit().await
}
