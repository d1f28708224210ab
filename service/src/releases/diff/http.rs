//! The handler of `…/releases/{version}/diff/{other}`.
use super::view::ReleaseDiff;
use crate::{
    auth::{
        ReleaseAccess,
        access::{check_release, find_release, segment},
        table::Need,
    },
    error::{Error, Result},
    http::problem::Problems,
    state::State,
};
use actix_web::{HttpRequest, get, web};

/// What changed between two releases
///
/// From `version` to `other`: what `other` has and `version` has not is added. Compares the
/// modules (capabilities, imports, exports, sections, functions, texts and URLs of their data)
/// and what is said of them. Takes the right to both modules' bytes.
#[utoipa::path(tag = "releases", operation_id = "diffReleases",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"),
        ("version" = String, Path, description = "SemVer of the older one, as a rule"), ("other" = String, Path, description = "SemVer of the one that is compared with it")),
    responses((status = 200, description = "What changed", body = ReleaseDiff), Problems), security((), ("token" = [])))]
#[get("/api/v1/filters/{namespace}/{filter}/releases/{version}/diff/{other}")]
pub async fn diff_releases(
    state: web::Data<State>,
    found: ReleaseAccess,
    request: HttpRequest,
) -> Result<web::Json<ReleaseDiff>> {
    let access = &found.access;
    let other = find_release(&*state.db, access.filter.id, &segment(&request, "other")?).await?;
    let other = other.ok_or_else(Error::not_found)?;
    check_release(access, &other, Need::ReadBytes)?;
    let insider = access.relation.is_insider() || access.relation.reviews;
    Ok(web::Json(super::diff(&state, &access.filter, (&found.release, &other), insider).await?))
}
