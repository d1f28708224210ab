//! Handlers of what can be done to a review besides voting: the rest of its life.
use super::{
    acts,
    appeal::{self, AppealDecisionRequest},
    checklist::{self, ChecklistRequest},
    http::{release_seen, seen},
    many::{self, ManyOutcome, ManyRequest},
    release::{self, BreakGlassRequest, CountersignRequest},
    submit,
    view::ReviewView,
};
use crate::{
    auth::{self, Caller, ReviewAccess},
    error::Result,
    http::{body::Json, page::Page, problem::Problems},
    releases::view::ReleaseView,
    state::State,
};
use actix_web::{post, put, web};
use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewNoteRequest {
    #[schema(max_length = 10000)]
    pub note: Option<String>,
}

/// Act on several reviews
///
/// At most twenty, one after the other: each is judged and recorded by itself, and the answer says of each
/// whether it was done. Approvals go together only where the addends of risk and the remarks of required
/// checks are the same, and nothing is a first publication.
#[utoipa::path(tag = "reviews", operation_id = "actOnReviews", request_body = ManyRequest,
    responses((status = 200, description = "What became of each, in the order in which they were named", body = Page<ManyOutcome>), Problems))]
#[post("/api/v1/reviews/many")]
pub async fn act_on_reviews(
    state: web::Data<State>,
    caller: Caller,
    body: Json<ManyRequest>,
) -> Result<web::Json<Page<ManyOutcome>>> {
    Ok(web::Json(Page { items: many::act(&state, &caller, body.0).await?, next: None }))
}

/// Run the checks again
///
/// For its author and for curators. What the checks said before is forgotten; votes are kept and
/// count when the checks have passed.
#[utoipa::path(tag = "reviews", operation_id = "runReviewChecks", params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review as it is now", body = ReviewView), Problems))]
#[post("/api/v1/reviews/{id}/checks")]
pub async fn run_checks(state: web::Data<State>, found: ReviewAccess) -> Result<web::Json<ReviewView>> {
    submit::run_checks(&state, &found).await?;
    Ok(web::Json(seen(&state, &found).await?))
}

/// Submit again
///
/// After changes were asked for or checks have blocked: the release as it is now goes to the checks
/// and to the curators again. Votes of the round before do not count in the new one.
#[utoipa::path(tag = "reviews", operation_id = "resubmitReview", request_body = ReviewNoteRequest, params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review as it is now", body = ReviewView), Problems))]
#[post("/api/v1/reviews/{id}/resubmission")]
pub async fn resubmit_review(
    state: web::Data<State>,
    found: ReviewAccess,
    body: Json<ReviewNoteRequest>,
) -> Result<web::Json<ReviewView>> {
    submit::resubmit(&state, &found, body.0.note).await?;
    Ok(web::Json(seen(&state, &found).await?))
}

/// Stand aside
///
/// For curators: your votes on this review do not count, neither one that you have cast nor a later
/// one.
#[utoipa::path(tag = "reviews", operation_id = "recuseReview", request_body = ReviewNoteRequest, params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review as it is now", body = ReviewView), Problems))]
#[post("/api/v1/reviews/{id}/recusal")]
pub async fn recuse_review(
    state: web::Data<State>,
    found: ReviewAccess,
    body: Json<ReviewNoteRequest>,
) -> Result<web::Json<ReviewView>> {
    acts::recuse(&state, &found, body.0.note).await?;
    Ok(web::Json(seen(&state, &found).await?))
}

/// Call for attention
///
/// For its author and for curators, with the reason.
#[utoipa::path(tag = "reviews", operation_id = "escalateReview", request_body = ReviewNoteRequest, params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review as it is now", body = ReviewView), Problems))]
#[post("/api/v1/reviews/{id}/escalation")]
pub async fn escalate_review(
    state: web::Data<State>,
    found: ReviewAccess,
    body: Json<ReviewNoteRequest>,
) -> Result<web::Json<ReviewView>> {
    acts::escalate(&state, &found, body.0.note).await?;
    Ok(web::Json(seen(&state, &found).await?))
}

/// Say that you are there
///
/// Send it while you look at the review, each minute or so: other curators see it, and what you
/// have taken stays yours.
#[utoipa::path(tag = "reviews", operation_id = "attendReview", params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review as it is now", body = ReviewView), Problems))]
#[post("/api/v1/reviews/{id}/presence")]
pub async fn attend_review(state: web::Data<State>, found: ReviewAccess) -> Result<web::Json<ReviewView>> {
    acts::be_there(&state, &found).await?;
    Ok(web::Json(seen(&state, &found).await?))
}

/// Tick the checklist
///
/// For curators who vote: replaces your own ticks.
#[utoipa::path(tag = "reviews", operation_id = "tickReview", request_body = ChecklistRequest, params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review as it is now", body = ReviewView), Problems))]
#[put("/api/v1/reviews/{id}/checklist")]
pub async fn tick_review(
    state: web::Data<State>,
    found: ReviewAccess,
    body: Json<ChecklistRequest>,
) -> Result<web::Json<ReviewView>> {
    checklist::tick(&state, &found, body.0).await?;
    Ok(web::Json(seen(&state, &found).await?))
}

/// Appeal against a rejection
///
/// For its author, once for each rejection. Somebody who did not reject decides.
#[utoipa::path(tag = "reviews", operation_id = "appealReview", request_body = ReviewNoteRequest, params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review as it is now", body = ReviewView), Problems))]
#[post("/api/v1/reviews/{id}/appeal")]
pub async fn appeal_review(
    state: web::Data<State>,
    found: ReviewAccess,
    body: Json<ReviewNoteRequest>,
) -> Result<web::Json<ReviewView>> {
    appeal::appeal(&state, &found, body.0.note.as_deref().unwrap_or_default()).await?;
    Ok(web::Json(seen(&state, &found).await?))
}

/// Withdraw an appeal
///
/// For its author, while nobody has answered. The rejection stands, and there is no second appeal against it.
#[utoipa::path(tag = "reviews", operation_id = "withdrawAppeal", params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review as it is now", body = ReviewView), Problems))]
#[post("/api/v1/reviews/{id}/appeal/withdrawal")]
pub async fn withdraw_appeal(state: web::Data<State>, found: ReviewAccess) -> Result<web::Json<ReviewView>> {
    appeal::withdraw(&state, &found).await?;
    Ok(web::Json(seen(&state, &found).await?))
}

/// Decide about an appeal
///
/// For curators who did not reject. A reopened review is voted on anew.
#[utoipa::path(tag = "reviews", operation_id = "decideAppeal", request_body = AppealDecisionRequest, params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review as it is now", body = ReviewView), Problems))]
#[post("/api/v1/reviews/{id}/appeal/decision")]
pub async fn decide_appeal(
    state: web::Data<State>,
    found: ReviewAccess,
    body: Json<AppealDecisionRequest>,
) -> Result<web::Json<ReviewView>> {
    auth::recent(found.access.who()?, &state.clock)?;
    appeal::decide(&state, &found, body.0).await?;
    Ok(web::Json(seen(&state, &found).await?))
}

/// Ask to publish without quorum
///
/// For administrators who have no part in the work. Nothing happens until a second person
/// countersigns; checks must have passed all the same.
#[utoipa::path(tag = "reviews", operation_id = "askBreakGlass", request_body = BreakGlassRequest, params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review as it is now", body = ReviewView), Problems))]
#[post("/api/v1/reviews/{id}/break-glass")]
pub async fn ask_break_glass(
    state: web::Data<State>,
    found: ReviewAccess,
    body: Json<BreakGlassRequest>,
) -> Result<web::Json<ReviewView>> {
    auth::recent(found.access.who()?, &state.clock)?;
    release::ask_break_glass(&state, &found, body.0).await?;
    Ok(web::Json(seen(&state, &found).await?))
}

/// Countersign a publication without quorum
///
/// For a curator who has no part in the work and did not ask for it. Publishes at once; release,
/// review and audit log are marked.
#[utoipa::path(tag = "reviews", operation_id = "countersignBreakGlass", request_body = CountersignRequest, params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The release as it is now", body = ReleaseView), Problems))]
#[post("/api/v1/reviews/{id}/break-glass/countersignature")]
pub async fn countersign_break_glass(
    state: web::Data<State>,
    found: ReviewAccess,
    body: Json<CountersignRequest>,
) -> Result<web::Json<ReleaseView>> {
    auth::recent(found.access.who()?, &state.clock)?;
    let released = release::countersign(&state, &found, body.0).await?;
    Ok(web::Json(release_seen(&state, &found, &released).await?))
}
