//! The page on which a curator stops a release: the consequence first, then what is affected, then why.
use super::{
    stopped::last_good,
    twins::{self, Twins},
    typed::{self, Typed},
};
use crate::{
    auth::{self, ReleaseAccess},
    console::{
        deployments::held::{self, Held},
        figures,
        frame::{self, Frame, see},
        grain,
        own_form::OwnForm,
        parts::*,
        reviews::asks::sign_in_for,
    },
    counts::{
        report,
        view::{Counted, CountsQuery},
    },
    deployments::held as holding,
    error::{Error, Result},
    http::problem::Problems,
    releases::publication,
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use askama::Template;
use serde::Deserialize;
use tamis_entities::value::{Day, ReleaseState, Sha256, Version};
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
    twins: Twins,
    used: Used,
    /// By everyone's targets.
    counted: holding::Counted,
    /// By those of the curator.
    held: Held,
    last_good: Option<Version>,
    reasons: [&'static str; 4],
    /// Where to sign in before it can be done.
    sign_in_first: Option<String>,
    /// What was written before that.
    typed: Option<Typed>,
}

impl Page {
    fn is_chosen(&self, reason: &str) -> bool {
        self.typed.as_ref().is_some_and(|typed| typed.reason == reason)
    }

    fn note(&self) -> &str {
        self.typed.as_ref().map_or("", |typed| typed.note.as_str())
    }
}

/// Downloads and pulls.
struct Used {
    week: i64,
    since_yesterday: i64,
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
    let who = access.who()?;
    let title = format!("Quarantine {}", release.version);
    let stale = auth::recent(who, &state.clock).is_err();
    let page = Page {
        frame: Frame::of(&state, &request, &access.caller, "catalog", title)?,
        name: access.name(),
        namespace: access.namespace.handle.to_string(),
        filter: access.filter.name.to_string(),
        version: release.version.clone(),
        state: release.state,
        digest: release.sha256.clone(),
        twins: twins::of(&state, who, release).await?,
        used: used(&state, &found).await?,
        counted: holding::counted(&state, who, &release.sha256).await?,
        held: held::of(&state, who, &release.sha256).await?,
        last_good: last_good(&state, release).await?,
        reasons: REASONS,
        sign_in_first: stale.then(|| sign_in_for(&typed::path(&found))),
        typed: typed::kept(&state, &request, &found)?,
    };
    frame::reply(StatusCode::OK, &page)
}

async fn used(state: &State, found: &ReleaseAccess) -> Result<Used> {
    let today = Day::of(state.clock.now());
    let version = Some(found.release.version.clone());
    let week = CountsQuery { from: Some(Day(today.0 - 6)), to: Some(today), by: None, version };
    let counts = report::of_filter(state, &found.access, &week).await?;
    let all = |counted: &Counted| counted.downloads + counted.pulls;
    let late = counts.items.iter().filter(|span| span.day.0 >= today.0 - 1);
    Ok(Used { week: all(&counts.total), since_yesterday: late.map(|span| all(&span.counted)).sum() })
}

/// Quarantine by a form
#[utoipa::path(tag = "pages", operation_id = "quarantineByForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer")),
    request_body(content = QuarantineForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the page of the release; or to a sign-in, and from there back to what was written"), Problems))]
#[post("/filters/{namespace}/{filter}/releases/{version}/quarantine")]
pub async fn quarantine_by_form(
    state: web::Data<State>,
    found: ReleaseAccess,
    form: OwnForm<QuarantineForm>,
) -> Result<HttpResponse> {
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
    if auth::recent(found.access.who()?, &state.clock).is_err() {
        let typed = Typed { reason: reason.to_owned(), note: note.to_owned() };
        let mut reply = see(&sign_in_for(&typed::path(&found)));
        typed::keep(&mut reply, &state, &found, &typed)?;
        return Ok(reply);
    }
    publication::quarantine(&state, &found.access, &found.release, said).await?;
    let mut reply = see(&format!("/filters/{}?version={}", found.access.name(), found.release.version));
    typed::forget(&mut reply, &state, &found)?;
    Ok(reply)
}
