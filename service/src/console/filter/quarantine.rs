//! The page on which a curator stops a release: the consequence first, then what is affected, then why.
use crate::{
    auth::{self, ReleaseAccess},
    console::{
        figures,
        frame::{self, Frame, see},
        grain,
        own_form::OwnForm,
        parts::*,
    },
    counts::{report, view::CountsQuery},
    error::{Error, Result},
    http::problem::Problems,
    releases::publication,
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use askama::Template;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use tamis_entities::{
    release,
    value::{Day, ReleaseState, Sha256, Version},
};
use utoipa::ToSchema;

const REASONS: [&str; 4] = [
    "Security problem under investigation",
    "Crashes or traps in production",
    "Breaks the policy of this catalog",
    "Published by mistake",
];

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuarantineForm {
    #[serde(default)]
    pub form: String,
    /// What was looked at.
    pub digest: String,
    pub reason: String,
    #[serde(default)]
    pub note: String,
}

#[derive(Template)]
#[template(path = "console/quarantine.html")]
struct Page {
    frame: Frame,
    name: String,
    namespace: String,
    filter: String,
    version: Version,
    state: ReleaseState,
    digest: Sha256,
    same_bytes: u64,
    downloads: i64,
    last_good: Option<Version>,
    reasons: [&'static str; 4],
}

/// The page of a quarantine
#[utoipa::path(tag = "pages", operation_id = "showQuarantine",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer")),
    responses((status = 200, description = "What it would do, and the form", content_type = "text/html", body = String), Problems))]
#[get("/filters/{namespace}/{filter}/releases/{version}/quarantine")]
pub async fn show_quarantine(
    state: web::Data<State>,
    found: ReleaseAccess,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let (access, release) = (&found.access, &found.release);
    let db = &*state.db;
    let same = release::Entity::find().filter(release::Column::Sha256.eq(release.sha256.clone()));
    let today = Day::of(state.clock.now());
    let days = CountsQuery {
        from: Some(Day(today.0 - 1)),
        to: Some(today),
        by: None,
        version: Some(release.version.clone()),
    };
    let counted = report::of_filter(&state, access, &days).await?.total;
    let page = Page {
        frame: Frame::of(
            &state,
            &request,
            &access.caller,
            "catalog",
            format!("Quarantine {}", release.version),
        )?,
        name: access.name(),
        namespace: access.namespace.handle.to_string(),
        filter: access.filter.name.to_string(),
        version: release.version.clone(),
        state: release.state,
        digest: release.sha256.clone(),
        same_bytes: same.count(db).await?,
        downloads: counted.downloads + counted.pulls,
        last_good: last_good(&state, release).await?,
        reasons: REASONS,
    };
    frame::reply(StatusCode::OK, &page)
}

/// What to use instead: the newest published release of other bytes.
pub async fn last_good(state: &State, release: &release::Model) -> Result<Option<Version>> {
    let good = release::Entity::find()
        .filter(release::Column::FilterId.eq(release.filter_id))
        .filter(release::Column::State.eq(ReleaseState::Published))
        .filter(release::Column::Sha256.ne(release.sha256.clone()))
        .order_by_desc(release::Column::PublishedAt)
        .limit(1);
    Ok(good.one(&*state.db).await?.map(|row| row.version))
}

/// Quarantine by a form
#[utoipa::path(tag = "pages", operation_id = "quarantineByForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer")),
    request_body(content = QuarantineForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the page of the release"), Problems))]
#[post("/filters/{namespace}/{filter}/releases/{version}/quarantine")]
pub async fn quarantine_by_form(
    state: web::Data<State>,
    found: ReleaseAccess,
    form: OwnForm<QuarantineForm>,
) -> Result<HttpResponse> {
    auth::recent(found.access.who()?, &state.clock)?;
    let digest: Sha256 =
        form.0.digest.parse().map_err(|_| Error::invalid("digest", "open the page again"))?;
    if digest != found.release.sha256 {
        let detail = "the release has other bytes than the page showed; look at it again";
        return Err(Error::conflict("stale", detail));
    }
    let (reason, note) = (form.0.reason.trim(), form.0.note.trim());
    let said = if note.is_empty() { reason.to_owned() } else { format!("{reason}. {note}") };
    if reason.is_empty() || said.len() > 1000 {
        return Err(Error::invalid("reason", "say why, in 1 to 1000 bytes with the note"));
    }
    publication::quarantine(&state, &found.access, &found.release, said).await?;
    Ok(see(&format!("/filters/{}?version={}", found.access.name(), found.release.version)))
}
