//! Handlers of `/api/v1/reviews`.
use super::{
    acts,
    decide::{self, VoteRequest},
    detail,
    policy::Policy,
    queue::{self, ReviewQuery},
    reasons::{REASONS, Reason},
    release,
    submit::{self, ReviewRequest},
    summary::{self, ReviewSummary},
    view::{ReviewItem, ReviewView},
};
use crate::{
    auth::{self, Caller, ReviewAccess, SignedIn, access::find_namespace},
    error::{Error, Result},
    http::{
        body::{Json, Query},
        page::Page,
        problem::Problems,
    },
    releases::view::{ReleaseView, release_view},
    state::State,
};
use actix_web::{HttpResponse, get, http::header, post, web};
use sea_orm::EntityTrait;
use serde::Deserialize;
use tamis_entities::{
    filter, release as row, user,
    value::{Role, Slug},
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentRequest {
    #[schema(min_length = 1, max_length = 10000)]
    pub body: String,
    /// For curators only.
    #[serde(default)]
    pub internal: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignmentRequest {
    /// A curator's handle; null puts the review back into the queue. Your own takes it for an hour
    /// from your last sign of presence.
    pub assignee: Option<Slug>,
}

/// The review as its reader sees it now.
pub(super) async fn seen(state: &State, found: &ReviewAccess) -> Result<ReviewView> {
    detail::view(state, found.access.who()?, found.review.id).await
}

pub(super) async fn release_seen(
    state: &State,
    found: &ReviewAccess,
    released: &row::Model,
) -> Result<ReleaseView> {
    let access = &found.access;
    let filter =
        filter::Entity::find_by_id(access.filter.id).one(&*state.db).await?.ok_or_else(Error::not_found)?;
    release_view(state, &access.namespace, &filter, released, access.relation.is_insider()).await
}

/// List reviews
///
/// Curators see all; others what they submitted and what concerns filters that they may
/// write. What is due first comes first, and of that what is riskier. Views can be combined.
#[utoipa::path(tag = "reviews", operation_id = "listReviews", params(ReviewQuery),
    responses((status = 200, description = "A page", body = Page<ReviewItem>), Problems))]
#[get("/api/v1/reviews")]
pub async fn list_reviews(
    state: web::Data<State>,
    who: SignedIn,
    query: Query<ReviewQuery>,
) -> Result<web::Json<Page<ReviewItem>>> {
    Ok(web::Json(queue::list(&state, &who.0, query.0).await?))
}

/// Count reviews
///
/// How many there are in each view of the queue, and how long the open ones have waited.
#[utoipa::path(tag = "reviews", operation_id = "summariseReviews",
    responses((status = 200, description = "The counts", body = ReviewSummary), Problems))]
#[get("/api/v1/reviews/summary")]
pub async fn summarise_reviews(state: web::Data<State>, who: SignedIn) -> Result<web::Json<ReviewSummary>> {
    Ok(web::Json(summary::exact(&state, &who.0).await?))
}

/// List reasons
///
/// The catalogue of reasons that a vote can carry, with the words that the author reads.
#[utoipa::path(tag = "reviews", operation_id = "listReviewReasons",
    responses((status = 200, description = "All of them", body = Page<Reason>), Problems))]
#[get("/api/v1/review-reasons")]
pub async fn list_reasons() -> Result<web::Json<Page<Reason>>> {
    Ok(web::Json(Page { items: REASONS.to_vec(), next: None }))
}

/// Get the policy
///
/// What holds here: required checks, quorum, times, windows. `version` is another one whenever
/// anything else is.
#[utoipa::path(tag = "reviews", operation_id = "getPolicy",
    responses((status = 200, description = "The policy", body = Policy), Problems))]
#[get("/api/v1/policy")]
pub async fn get_policy(state: web::Data<State>, _who: SignedIn) -> Result<web::Json<Policy>> {
    Ok(web::Json((*state.policy).clone()))
}

/// Ask for a publication
///
/// Answers at once; checks run, then curators decide. `unpublish`, `update` and
/// `unquarantine` go the same way.
#[utoipa::path(tag = "reviews", operation_id = "submitReview", request_body = ReviewRequest,
    responses((status = 201, description = "The request", body = ReviewView), Problems))]
#[post("/api/v1/reviews")]
pub async fn submit_review(
    state: web::Data<State>,
    caller: Caller,
    body: Json<ReviewRequest>,
) -> Result<HttpResponse> {
    let (access, _, review) = submit::submit(&state, caller, body.0).await?;
    let location = format!("{}/api/v1/reviews/{}", state.public_url, review.id);
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, location))
        .json(detail::view(&state, access.who()?, review.id).await?))
}

/// Get a review
#[utoipa::path(tag = "reviews", operation_id = "getReview", params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review with checks, votes and comments", body = ReviewView), Problems))]
#[get("/api/v1/reviews/{id}")]
pub async fn get_review(state: web::Data<State>, found: ReviewAccess) -> Result<web::Json<ReviewView>> {
    Ok(web::Json(seen(&state, &found).await?))
}

/// Vote
///
/// For curators who did not submit, upload or may write the filter. The vote names the
/// digest (and may name revision and evidence) that was looked at; anything else is 409 `stale`.
#[utoipa::path(tag = "reviews", operation_id = "voteReview", request_body = VoteRequest, params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review as it is now", body = ReviewView), Problems))]
#[post("/api/v1/reviews/{id}/votes")]
pub async fn vote_review(
    state: web::Data<State>,
    found: ReviewAccess,
    body: Json<VoteRequest>,
) -> Result<web::Json<ReviewView>> {
    auth::recent(found.access.who()?, &state.clock)?;
    decide::vote(&state, &found, body.0).await?;
    Ok(web::Json(seen(&state, &found).await?))
}

/// Comment
#[utoipa::path(tag = "reviews", operation_id = "commentReview", request_body = CommentRequest, params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 201, description = "The review as it is now", body = ReviewView), Problems))]
#[post("/api/v1/reviews/{id}/comments")]
pub async fn comment_review(
    state: web::Data<State>,
    found: ReviewAccess,
    body: Json<CommentRequest>,
) -> Result<HttpResponse> {
    acts::comment(&state, &found, &body.0.body, body.0.internal).await?;
    Ok(HttpResponse::Created().json(seen(&state, &found).await?))
}

/// Assign
#[utoipa::path(tag = "reviews", operation_id = "assignReview", request_body = AssignmentRequest, params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review as it is now", body = ReviewView), Problems))]
#[post("/api/v1/reviews/{id}/assignment")]
pub async fn assign_review(
    state: web::Data<State>,
    found: ReviewAccess,
    body: Json<AssignmentRequest>,
) -> Result<web::Json<ReviewView>> {
    let assignee = match &body.0.assignee {
        None => None,
        Some(handle) => Some(curator(&state, handle).await?),
    };
    acts::assign(&state, &found, assignee).await?;
    Ok(web::Json(seen(&state, &found).await?))
}

async fn curator(state: &State, handle: &Slug) -> Result<Uuid> {
    let wrong = || Error::invalid("assignee", "the handle of a curator");
    let namespace = find_namespace(&*state.db, handle).await?.ok_or_else(wrong)?;
    let user = user::Entity::find_by_id(namespace.id).one(&*state.db).await?.ok_or_else(wrong)?;
    if user.role >= Role::Curator { Ok(user.id) } else { Err(wrong()) }
}

/// Withdraw a request
#[utoipa::path(tag = "reviews", operation_id = "withdrawReview", params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The review as it is now", body = ReviewView), Problems))]
#[post("/api/v1/reviews/{id}/withdrawal")]
pub async fn withdraw_review(state: web::Data<State>, found: ReviewAccess) -> Result<web::Json<ReviewView>> {
    acts::withdraw(&state, &found).await?;
    Ok(web::Json(seen(&state, &found).await?))
}

/// Release what was approved
///
/// For the submitter, anyone who may write the filter, or a curator. Works once.
#[utoipa::path(tag = "reviews", operation_id = "releaseReview", params(("id" = Uuid, Path, description = "Id of the review")),
    responses((status = 200, description = "The release as it is now", body = ReleaseView), Problems))]
#[post("/api/v1/reviews/{id}/release")]
pub async fn release_review(state: web::Data<State>, found: ReviewAccess) -> Result<web::Json<ReleaseView>> {
    let released = release::release(&state, &found).await?;
    Ok(web::Json(release_seen(&state, &found, &released).await?))
}
