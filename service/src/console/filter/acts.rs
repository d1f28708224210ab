//! What its writers do to a release from the filter's page: yanking, and taking that back.
use crate::{
    auth::ReleaseAccess,
    console::{frame::see, own_form::OwnForm},
    error::{Error, Result},
    http::problem::Problems,
    releases::publication,
    state::State,
};
use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct YankForm {
    #[serde(default)]
    pub form: String,
    /// Shown to whoever names the release; at most 1000 bytes.
    #[serde(default)]
    pub reason: String,
}

fn back(found: &ReleaseAccess) -> HttpResponse {
    see(&format!("/filters/{}?version={}", found.access.name(), found.release.version))
}

/// Yank by a form
#[utoipa::path(tag = "pages", operation_id = "yankByForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer")),
    request_body(content = YankForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/filters/{namespace}/{filter}/releases/{version}/yank")]
pub async fn yank_by_form(
    state: web::Data<State>,
    found: ReleaseAccess,
    form: OwnForm<YankForm>,
) -> Result<HttpResponse> {
    let reason = Some(form.0.reason.trim().to_owned()).filter(|text| !text.is_empty());
    if reason.as_ref().is_some_and(|text| text.len() > 1000) {
        return Err(Error::invalid("reason", "at most 1000 bytes"));
    }
    publication::yank(&state, &found.access, &found.release, reason).await?;
    Ok(back(&found))
}

/// Take a yank back by a form
#[utoipa::path(tag = "pages", operation_id = "unyankByForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer")),
    request_body(content = YankForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/filters/{namespace}/{filter}/releases/{version}/unyank")]
pub async fn unyank_by_form(
    state: web::Data<State>,
    found: ReleaseAccess,
    _: OwnForm<YankForm>,
) -> Result<HttpResponse> {
    publication::unyank(&state, &found.access, &found.release).await?;
    Ok(back(&found))
}
