//! Handlers of what is done to a review less often: checks again, asking again, standing aside, calling for
//! attention, the checklist, appeals, and publication without quorum.
use super::http::{ActForm, back, back_to, said};
use crate::{
    auth::{self, ReviewAccess},
    console::{frame::see, own_form::OwnForm},
    error::{Error, Result},
    http::problem::Problems,
    reviews::{
        acts,
        appeal::{self, AppealDecisionRequest},
        checklist::{self, ChecklistRequest},
        release::{self, BreakGlassRequest, CountersignRequest},
        submit,
    },
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteForm {
    #[serde(default)]
    pub form: String,
    #[serde(default)]
    pub note: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppealForm {
    #[serde(default)]
    pub form: String,
    /// `reopen` or `uphold`.
    pub decision: String,
    pub note: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GlassForm {
    #[serde(default)]
    pub form: String,
    /// What was looked at.
    pub digest: String,
    #[serde(default)]
    pub note: String,
}

/// Run the checks again by a form
#[utoipa::path(tag = "pages", operation_id = "runChecksByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = ActForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/reviews/{id}/checks")]
pub async fn run_checks_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    _: OwnForm<ActForm>,
) -> Result<HttpResponse> {
    submit::run_checks(&state, &found).await?;
    Ok(back(&found))
}

/// Ask again by a form
#[utoipa::path(tag = "pages", operation_id = "resubmitByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = NoteForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/reviews/{id}/resubmission")]
pub async fn resubmit_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    form: OwnForm<NoteForm>,
) -> Result<HttpResponse> {
    submit::resubmit(&state, &found, said(form.0.note)).await?;
    Ok(back(&found))
}

/// Stand aside by a form
#[utoipa::path(tag = "pages", operation_id = "recuseByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = NoteForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/reviews/{id}/recusal")]
pub async fn recuse_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    form: OwnForm<NoteForm>,
) -> Result<HttpResponse> {
    acts::recuse(&state, &found, said(form.0.note)).await?;
    Ok(back(&found))
}

/// Call for attention by a form
#[utoipa::path(tag = "pages", operation_id = "escalateByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = NoteForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/reviews/{id}/escalation")]
pub async fn escalate_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    form: OwnForm<NoteForm>,
) -> Result<HttpResponse> {
    acts::escalate(&state, &found, said(form.0.note)).await?;
    Ok(back(&found))
}

/// Tick the checklist by a form
///
/// Each item that was seen to is a field with its id, and `tab` may say where to come back to; replaces your own
/// ticks. A script that says `HX-Request` stays on the page.
#[utoipa::path(tag = "pages", operation_id = "tickByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = BTreeMap<String, String>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), (status = 204, description = "Kept"), Problems))]
#[post("/reviews/{id}/checklist")]
pub async fn tick_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    request: HttpRequest,
    form: OwnForm<BTreeMap<String, String>>,
) -> Result<HttpResponse> {
    let mut fields = form.0;
    fields.remove("form");
    let tab = fields.remove("tab").unwrap_or_default();
    checklist::tick(&state, &found, ChecklistRequest { ticked: fields.into_keys().collect() }).await?;
    if request.headers().contains_key("hx-request") {
        return Ok(HttpResponse::NoContent().finish());
    }
    Ok(back_to(&found, &tab))
}

/// Appeal by a form
#[utoipa::path(tag = "pages", operation_id = "appealByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = NoteForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/reviews/{id}/appeal")]
pub async fn appeal_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    form: OwnForm<NoteForm>,
) -> Result<HttpResponse> {
    appeal::appeal(&state, &found, &form.0.note).await?;
    Ok(back(&found))
}

/// Withdraw an appeal by a form
#[utoipa::path(tag = "pages", operation_id = "withdrawAppealByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = ActForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/reviews/{id}/appeal/withdrawal")]
pub async fn withdraw_appeal_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    _: OwnForm<ActForm>,
) -> Result<HttpResponse> {
    appeal::withdraw(&state, &found).await?;
    Ok(back(&found))
}

/// Decide about an appeal by a form
#[utoipa::path(tag = "pages", operation_id = "decideAppealByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = AppealForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/reviews/{id}/appeal/decision")]
pub async fn decide_appeal_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    form: OwnForm<AppealForm>,
) -> Result<HttpResponse> {
    auth::recent(found.access.who()?, &state.clock)?;
    let decision = form.0.decision.parse().map_err(|_| Error::invalid("decision", "reopen or uphold"))?;
    appeal::decide(&state, &found, AppealDecisionRequest { decision, note: form.0.note }).await?;
    Ok(back(&found))
}

/// Ask to publish without quorum by a form
#[utoipa::path(tag = "pages", operation_id = "askBreakGlassByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = GlassForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/reviews/{id}/break-glass")]
pub async fn ask_break_glass_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    form: OwnForm<GlassForm>,
) -> Result<HttpResponse> {
    auth::recent(found.access.who()?, &state.clock)?;
    let digest = looked_at(&form.0.digest)?;
    release::ask_break_glass(&state, &found, BreakGlassRequest { reason: form.0.note, digest }).await?;
    Ok(back(&found))
}

/// Countersign a publication without quorum by a form
#[utoipa::path(tag = "pages", operation_id = "countersignByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = GlassForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the page of what is live now"), Problems))]
#[post("/reviews/{id}/break-glass/countersignature")]
pub async fn countersign_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    form: OwnForm<GlassForm>,
) -> Result<HttpResponse> {
    auth::recent(found.access.who()?, &state.clock)?;
    let digest = looked_at(&form.0.digest)?;
    let released = release::countersign(&state, &found, CountersignRequest { digest }).await?;
    Ok(see(&format!("/filters/{}?version={}", found.access.name(), released.version)))
}

fn looked_at(digest: &str) -> Result<tamis_entities::value::Sha256> {
    digest.parse().map_err(|_| Error::invalid("digest", "open the review again"))
}
