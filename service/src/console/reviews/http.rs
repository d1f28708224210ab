//! Handlers of `/reviews`: the queue, the page of a review, and what most people do there.
use super::{after, page};
use crate::{
    auth::{self, Caller, ReviewAccess, SignedIn},
    console::{
        frame::{self, see},
        own_form::OwnForm,
    },
    error::{Error, Result},
    http::{body::Query, problem::Problems},
    reviews::{
        acts,
        decide::{self, VoteRequest},
        release,
    },
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QueuePageQuery {
    /// A saved view: `open`, `needs_me`, `mine`, `unassigned`, `overdue`, `needs_second`,
    /// `first_publication`, `blocked`, `approved`, `appeals` or `all`.
    pub view: Option<String>,
    /// Where the page before ended.
    pub after: Option<String>,
    /// What you have just done, and to which reviews: their ids, with dots between.
    pub did: Option<String>,
    pub done: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReviewPageQuery {
    /// `changes`, `capabilities`, `compatibility`, `report`, `readme` or `history`.
    pub tab: Option<String>,
    /// The decision whose confirmation is open.
    pub act: Option<String>,
    /// Every row of the changes, and not only the first of each group.
    pub all: Option<bool>,
    /// What you have just done, and to which review.
    pub did: Option<String>,
    pub done: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoteForm {
    #[serde(default)]
    pub form: String,
    /// `approve`, `reject` or `request_changes`.
    pub decision: String,
    /// What was looked at.
    pub digest: String,
    pub revision: String,
    #[serde(default)]
    pub evidence: String,
    /// A code of the catalogue of reasons.
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub note: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentForm {
    #[serde(default)]
    pub form: String,
    pub body: String,
    /// `on`: for curators alone.
    #[serde(default)]
    pub internal: String,
    /// The tab to come back to.
    #[serde(default)]
    pub tab: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActForm {
    #[serde(default)]
    pub form: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeForm {
    #[serde(default)]
    pub form: String,
    /// `take`, or `back` to put it back into the queue.
    pub way: String,
    /// The tab to come back to.
    #[serde(default)]
    pub tab: String,
}

/// What a field of a form says, if it says anything.
pub(super) fn said(text: String) -> Option<String> {
    Some(text).filter(|text| !text.trim().is_empty())
}

pub(super) fn back(found: &ReviewAccess) -> HttpResponse {
    see(&format!("/reviews/{}", found.review.id))
}

/// Back to the tab that was open.
pub(super) fn back_to(found: &ReviewAccess, tab: &str) -> HttpResponse {
    match page::known_tab(Some(tab)) {
        Some(tab) => see(&format!("/reviews/{}?tab={tab}", found.review.id)),
        None => back(found),
    }
}

/// The queue of reviews
#[utoipa::path(tag = "pages", operation_id = "showReviews", params(QueuePageQuery),
    responses((status = 200, description = "The reviews that you may see", content_type = "text/html", body = String), Problems))]
#[get("/reviews")]
pub async fn show_reviews(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    query: Query<QueuePageQuery>,
) -> Result<HttpResponse> {
    let caller = Caller(Some(who.0.clone()));
    let page = super::queue(&state, &request, &caller, &who.0, query.0).await?;
    frame::reply(StatusCode::OK, &page)
}

/// The page of a review
#[utoipa::path(tag = "pages", operation_id = "showReview", params(("id" = uuid::Uuid, Path, description = "Id of the review"), ReviewPageQuery),
    responses((status = 200, description = "Evidence, votes and thread", content_type = "text/html", body = String), Problems))]
#[get("/reviews/{id}")]
pub async fn show_review(
    state: web::Data<State>,
    found: ReviewAccess,
    request: HttpRequest,
    query: Query<ReviewPageQuery>,
) -> Result<HttpResponse> {
    frame::reply(StatusCode::OK, &page::page(&state, &request, found, query.0).await?)
}

/// Vote by a form
#[utoipa::path(tag = "pages", operation_id = "voteByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = VoteForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the next review that waits for you, or to the queue"), Problems))]
#[post("/reviews/{id}/votes")]
pub async fn vote_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    form: OwnForm<VoteForm>,
) -> Result<HttpResponse> {
    let who = found.access.who()?;
    auth::recent(who, &state.clock)?;
    let wrong = |field: &'static str| move |_| Error::invalid(field, "open the review again");
    let vote = VoteRequest {
        decision: form.0.decision.parse().map_err(wrong("decision"))?,
        digest: form.0.digest.parse().map_err(wrong("digest"))?,
        revision: Some(form.0.revision.parse().map_err(wrong("revision"))?),
        evidence: said(form.0.evidence).map(|text| text.parse().map_err(wrong("evidence"))).transpose()?,
        reason: said(form.0.reason),
        note: said(form.0.note),
    };
    let decision = vote.decision;
    decide::vote(&state, &found, vote).await?;
    Ok(see(&after::next(&state, who, decision, found.review.id).await))
}

/// Comment by a form
#[utoipa::path(tag = "pages", operation_id = "commentByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = CommentForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/reviews/{id}/comments")]
pub async fn comment_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    form: OwnForm<CommentForm>,
) -> Result<HttpResponse> {
    acts::comment(&state, &found, &form.0.body, form.0.internal == "on").await?;
    Ok(back_to(&found, &form.0.tab))
}

/// Take a review, or put it back, by a form
#[utoipa::path(tag = "pages", operation_id = "takeByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = TakeForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/reviews/{id}/assignment")]
pub async fn take_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    form: OwnForm<TakeForm>,
) -> Result<HttpResponse> {
    let holder = match form.0.way.as_str() {
        "take" => Some(found.access.who()?.id),
        "back" => None,
        _ => return Err(Error::invalid("way", "take or back")),
    };
    acts::assign(&state, &found, holder).await?;
    Ok(back_to(&found, &form.0.tab))
}

/// Withdraw a request by a form
#[utoipa::path(tag = "pages", operation_id = "withdrawByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = ActForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/reviews/{id}/withdrawal")]
pub async fn withdraw_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    _: OwnForm<ActForm>,
) -> Result<HttpResponse> {
    acts::withdraw(&state, &found).await?;
    Ok(back(&found))
}

/// Release what was approved by a form
#[utoipa::path(tag = "pages", operation_id = "releaseByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = ActForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the page of what is live now"), Problems))]
#[post("/reviews/{id}/release")]
pub async fn release_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    _: OwnForm<ActForm>,
) -> Result<HttpResponse> {
    let released = release::release(&state, &found).await?;
    Ok(see(&format!("/filters/{}?version={}", found.access.name(), released.version)))
}
