//! How a review looks from outside.
use super::checks::CheckFinding;
use crate::{
    error::Result,
    filters::view::{handle_of, handles},
    state::State,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use std::collections::HashMap;
use tamis_entities::{
    filter, release, review, review_check, review_comment, review_vote,
    value::{CheckResult, Decision, Metadata, ReviewAction, ReviewState, Sha256, Slug, Timestamp, Version},
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Serialize, ToSchema)]
pub struct ReviewItem {
    pub id: Uuid,
    pub state: ReviewState,
    pub action: ReviewAction,
    pub namespace: Slug,
    pub filter: Slug,
    pub version: Version,
    pub digest: Sha256,
    pub revision: Sha256,
    pub submitted_by: Slug,
    pub assignee: Option<Slug>,
    pub due_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub struct ReviewView {
    #[serde(flatten)]
    pub item: ReviewItem,
    pub note: String,
    pub quorum: i64,
    /// What an `update` would put in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Metadata>,
    pub checks: Vec<ReviewCheckView>,
    pub votes: Vec<ReviewVoteView>,
    pub comments: Vec<ReviewCommentView>,
}

#[derive(Serialize, ToSchema)]
pub struct ReviewCheckView {
    pub id: String,
    pub required: bool,
    pub result: CheckResult,
    pub findings: Vec<CheckFinding>,
    pub ran_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub struct ReviewVoteView {
    pub by: Slug,
    pub decision: Decision,
    pub digest: Sha256,
    pub revision: Sha256,
    pub reason: Option<String>,
    pub note: Option<String>,
    pub at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub struct ReviewCommentView {
    pub by: Slug,
    pub body: String,
    pub at: Timestamp,
}

/// A page of reviews in four queries, however long it is.
pub async fn items(state: &State, reviews: Vec<review::Model>) -> Result<Vec<ReviewItem>> {
    let filters = filter::Entity::find()
        .filter(filter::Column::Id.is_in(reviews.iter().map(|r| r.filter_id)))
        .all(&*state.db)
        .await?;
    let filters: HashMap<_, _> = filters.into_iter().map(|f| (f.id, f)).collect();
    let releases = release::Entity::find()
        .filter(release::Column::Id.is_in(reviews.iter().map(|r| r.release_id)))
        .all(&*state.db)
        .await?;
    let versions: HashMap<_, _> = releases.into_iter().map(|r| (r.id, r.version)).collect();
    let people = reviews.iter().flat_map(|r| [Some(r.submitted_by), r.assignee]).flatten();
    let handles = handles(&*state.db, people.chain(filters.values().map(|f| f.namespace_id))).await?;
    let item = |r: review::Model| {
        let filter = filters.get(&r.filter_id)?;
        Some(ReviewItem {
            id: r.id,
            state: r.state,
            action: r.action,
            namespace: handle_of(&handles, filter.namespace_id),
            filter: filter.name.clone(),
            version: versions.get(&r.release_id)?.clone(),
            digest: r.sha256,
            revision: r.revision,
            submitted_by: handle_of(&handles, r.submitted_by),
            assignee: r.assignee.map(|id| handle_of(&handles, id)),
            due_at: r.due_at,
            created_at: r.created_at,
            updated_at: r.updated_at,
        })
    };
    Ok(reviews.into_iter().filter_map(item).collect())
}

pub async fn view(state: &State, id: Uuid) -> Result<ReviewView> {
    let missing = crate::error::Error::not_found;
    let review = review::Entity::find_by_id(id).one(&*state.db).await?.ok_or_else(missing)?;
    let checks =
        review_check::Entity::find().filter(review_check::Column::ReviewId.eq(id)).all(&*state.db).await?;
    let votes = review_vote::Entity::find()
        .filter(review_vote::Column::ReviewId.eq(id))
        .order_by_asc(review_vote::Column::CreatedAt)
        .all(&*state.db)
        .await?;
    let comments = review_comment::Entity::find()
        .filter(review_comment::Column::ReviewId.eq(id))
        .order_by_asc(review_comment::Column::Id)
        .all(&*state.db)
        .await?;
    let people = votes.iter().map(|v| v.user_id).chain(comments.iter().map(|c| c.user_id));
    let handles = handles(&*state.db, people).await?;
    let check = |c: review_check::Model| -> Result<ReviewCheckView> {
        let findings = serde_json::from_value(c.findings)?;
        Ok(ReviewCheckView {
            id: c.check_id,
            required: c.required,
            result: c.result,
            findings,
            ran_at: c.ran_at,
        })
    };
    let vote = |v: review_vote::Model| ReviewVoteView {
        by: handle_of(&handles, v.user_id),
        decision: v.decision,
        digest: v.sha256,
        revision: v.revision,
        reason: v.reason,
        note: v.note,
        at: v.created_at,
    };
    let comment = |c: review_comment::Model| ReviewCommentView {
        by: handle_of(&handles, c.user_id),
        body: c.body,
        at: c.created_at,
    };
    let (note, quorum, proposed) = (review.note.clone(), review.quorum, review.proposed.clone());
    Ok(ReviewView {
        item: items(state, vec![review]).await?.pop().ok_or_else(missing)?,
        note,
        quorum,
        proposed,
        checks: checks.into_iter().map(check).collect::<Result<_>>()?,
        votes: votes.into_iter().map(vote).collect(),
        comments: comments.into_iter().map(comment).collect(),
    })
}
