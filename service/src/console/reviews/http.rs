//! Handlers of `/reviews`.
use crate::{
    auth::{self, Caller, ReviewAccess, SignedIn},
    console::frame::{self, see},
    error::{Error, Result},
    http::{
        body::{Form, Query},
        problem::Problems,
    },
    reviews::{
        acts,
        decide::{self, VoteRequest},
        submit,
    },
    sign_in::browser,
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QueuePageQuery {
    /// A state of a review; empty for all.
    pub state: Option<String>,
    /// Where the page before ended.
    pub after: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReviewPageQuery {
    /// `report`, `capabilities` or `compatibility`.
    pub tab: Option<String>,
    /// The decision whose confirmation is open.
    pub act: Option<String>,
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
    pub note: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentForm {
    #[serde(default)]
    pub form: String,
    pub body: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActForm {
    #[serde(default)]
    pub form: String,
}

fn back(found: &ReviewAccess) -> HttpResponse {
    see(&format!("/reviews/{}", found.review.id))
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
    frame::reply(StatusCode::OK, &super::page(&state, &request, found, query.0).await?)
}

/// Vote by a form
#[utoipa::path(tag = "pages", operation_id = "voteByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = VoteForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/reviews/{id}/votes")]
pub async fn vote_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    request: HttpRequest,
    form: Form<VoteForm>,
) -> Result<HttpResponse> {
    browser::check_own_form(&state, &request, &form.0.form)?;
    auth::recent(found.access.who()?, &state.clock)?;
    let wrong = |field: &'static str| move |_| Error::invalid(field, "open the review again");
    let vote = VoteRequest {
        decision: form.0.decision.parse().map_err(wrong("decision"))?,
        digest: form.0.digest.parse().map_err(wrong("digest"))?,
        revision: Some(form.0.revision.parse().map_err(wrong("revision"))?),
        reason: None,
        note: Some(form.0.note).filter(|note| !note.trim().is_empty()),
    };
    decide::vote(&state, &found, vote).await?;
    Ok(back(&found))
}

/// Comment by a form
#[utoipa::path(tag = "pages", operation_id = "commentByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = CommentForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/reviews/{id}/comments")]
pub async fn comment_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    request: HttpRequest,
    form: Form<CommentForm>,
) -> Result<HttpResponse> {
    browser::check_own_form(&state, &request, &form.0.form)?;
    acts::comment(&state, &found, &form.0.body).await?;
    Ok(back(&found))
}

/// Withdraw a request by a form
#[utoipa::path(tag = "pages", operation_id = "withdrawByForm", params(("id" = uuid::Uuid, Path, description = "Id of the review")),
    request_body(content = ActForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to its page"), Problems))]
#[post("/reviews/{id}/withdrawal")]
pub async fn withdraw_by_form(
    state: web::Data<State>,
    found: ReviewAccess,
    request: HttpRequest,
    form: Form<ActForm>,
) -> Result<HttpResponse> {
    browser::check_own_form(&state, &request, &form.0.form)?;
    submit::withdraw(&state, &found).await?;
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
    request: HttpRequest,
    form: Form<ActForm>,
) -> Result<HttpResponse> {
    browser::check_own_form(&state, &request, &form.0.form)?;
    let released = decide::release(&state, &found).await?;
    Ok(see(&format!("/filters/{}?version={}", found.access.name(), released.version)))
}
