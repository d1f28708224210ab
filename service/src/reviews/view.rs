//! How a review looks from outside, and the lines of the queue.
use super::{acts, checks::CheckFinding, queue};
use crate::{
    error::Result,
    filters::view::{handle_of, handles},
    state::State,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde::Serialize;
use std::collections::HashMap;
use tamis_entities::{
    filter, release, review, review_check, review_vote,
    value::{
        Addend, AppealDecision, CheckResult, Decision, Metadata, ReviewAct, ReviewAction, ReviewState,
        Sha256, Slug, Timestamp, Version,
    },
};
use utoipa::ToSchema;
use uuid::Uuid;

/// What adds to the risk, and to how much. Show the addends: the sum alone says nothing.
#[derive(Serialize, ToSchema)]
pub struct Risk {
    pub total: i64,
    pub addends: Vec<Addend>,
}

#[derive(Default, Serialize, ToSchema)]
pub struct CheckCounts {
    pub pass: u32,
    pub warn: u32,
    pub fail: u32,
    pub error: u32,
    pub not_applicable: u32,
}

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
    /// Who holds it now.
    pub assignee: Option<Slug>,
    /// Until when, without a sign of theirs.
    pub lease_until: Option<Timestamp>,
    pub due_at: Option<Timestamp>,
    /// The due time stands still since then: its author has to act.
    pub paused_at: Option<Timestamp>,
    pub escalated_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    /// Place among those that wait for votes; 1 is next.
    pub position: Option<u64>,
    pub risk: Risk,
    pub check_counts: CheckCounts,
    /// Approvals of this round.
    pub approvals: i64,
    pub quorum: i64,
    pub round: i64,
    pub first_publication: bool,
    pub break_glass: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub decided_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
pub struct ReviewView {
    #[serde(flatten)]
    pub item: ReviewItem,
    pub note: String,
    /// What an `update` would put in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Metadata>,
    /// Hash of the checks' results and the report: name it in a vote to bind the vote to them.
    pub evidence: Option<Sha256>,
    /// Version of the policy under which it was judged.
    pub policy: Option<String>,
    pub checks: Vec<ReviewCheckView>,
    pub votes: Vec<ReviewVoteView>,
    pub comments: Vec<ReviewCommentView>,
    pub checklist: Vec<ChecklistItemView>,
    pub recused: Vec<Slug>,
    /// Who looks at it at this moment; for curators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub viewers: Option<Vec<Slug>>,
    pub appeal: Option<AppealView>,
    pub break_glass_request: Option<BreakGlassView>,
    pub history: Vec<ReviewEventView>,
    /// What you can do to it now.
    pub acts: Vec<ReviewAct>,
}

#[derive(Serialize, ToSchema)]
pub struct ReviewCheckView {
    pub id: String,
    pub required: bool,
    pub result: CheckResult,
    pub findings: Vec<CheckFinding>,
    /// Of the rules of this check.
    pub version: String,
    pub duration_ms: i64,
    pub ran_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub struct ReviewVoteView {
    pub by: Slug,
    pub decision: Decision,
    pub digest: Sha256,
    pub revision: Sha256,
    /// The vote counts in this round only.
    pub round: i64,
    pub reason: Option<String>,
    pub note: Option<String>,
    pub at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub struct ReviewCommentView {
    pub by: Slug,
    pub body: String,
    /// Curators alone see it.
    pub internal: bool,
    pub at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub struct ChecklistItemView {
    pub id: &'static str,
    pub text: &'static str,
    pub required: bool,
    pub ticked_by: Vec<Slug>,
}

#[derive(Serialize, ToSchema)]
pub struct AppealView {
    pub by: Slug,
    pub note: String,
    pub at: Timestamp,
    pub decided_by: Option<Slug>,
    pub decision: Option<AppealDecision>,
    pub answer: Option<String>,
    pub decided_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
pub struct BreakGlassView {
    pub by: Slug,
    pub reason: String,
    pub digest: Sha256,
    pub at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub struct ReviewEventView {
    pub act: ReviewAct,
    pub from: Option<ReviewState>,
    pub to: ReviewState,
    /// `user:alice`, `system:checks`.
    pub by: String,
    pub reason: Option<String>,
    pub note: Option<String>,
    pub evidence: Option<Sha256>,
    pub at: Timestamp,
}

/// What the lines of a page need besides the reviews, in one query each.
struct Beside {
    /// Namespace and name of each. The rows hold whole READMEs.
    filters: HashMap<Uuid, (Uuid, Slug)>,
    versions: HashMap<Uuid, Version>,
    handles: HashMap<Uuid, Slug>,
    checks: HashMap<Uuid, CheckCounts>,
    approvals: HashMap<Uuid, i64>,
    places: Vec<Uuid>,
    now: Timestamp,
}

async fn beside(state: &State, reviews: &[review::Model]) -> Result<Beside> {
    let db = &*state.db;
    let filters: Vec<(Uuid, Uuid, Slug)> = filter::Entity::find()
        .select_only()
        .columns([filter::Column::Id, filter::Column::NamespaceId, filter::Column::Name])
        .filter(filter::Column::Id.is_in(reviews.iter().map(|r| r.filter_id)))
        .into_tuple()
        .all(db)
        .await?;
    let versions: Vec<(Uuid, Version)> = release::Entity::find()
        .select_only()
        .columns([release::Column::Id, release::Column::Version])
        .filter(release::Column::Id.is_in(reviews.iter().map(|r| r.release_id)))
        .into_tuple()
        .all(db)
        .await?;
    let people = reviews.iter().flat_map(|r| [Some(r.submitted_by), r.assignee]).flatten();
    let handles = handles(db, people.chain(filters.iter().map(|(_, namespace, _)| *namespace))).await?;
    let ids = || reviews.iter().map(|r| r.id);
    let checks = check_counts(db, ids()).await?;
    let rounds: HashMap<_, _> = reviews.iter().map(|r| (r.id, (r.round, &r.revision))).collect();
    let mut approvals = HashMap::new();
    let votes = review_vote::Entity::find()
        .filter(review_vote::Column::ReviewId.is_in(ids()))
        .filter(review_vote::Column::Decision.eq(Decision::Approve));
    for vote in votes.all(db).await? {
        if rounds.get(&vote.review_id) == Some(&(vote.round, &vote.revision)) {
            *approvals.entry(vote.review_id).or_default() += 1;
        }
    }
    let waits = reviews.iter().any(|r| r.state == ReviewState::InReview);
    let places = if waits { queue::places(db).await? } else { vec![] };
    Ok(Beside {
        filters: filters.into_iter().map(|(id, namespace, name)| (id, (namespace, name))).collect(),
        versions: versions.into_iter().collect(),
        handles,
        checks,
        approvals,
        places,
        now: state.clock.now(),
    })
}

async fn check_counts(
    db: &impl ConnectionTrait,
    reviews: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, CheckCounts>> {
    let mut checks: HashMap<Uuid, CheckCounts> = HashMap::new();
    let ran: Vec<(Uuid, CheckResult, i64)> = review_check::Entity::find()
        .select_only()
        .columns([review_check::Column::ReviewId, review_check::Column::Result])
        .column_as(review_check::Column::CheckId.count(), "ran")
        .filter(review_check::Column::ReviewId.is_in(reviews))
        .group_by(review_check::Column::ReviewId)
        .group_by(review_check::Column::Result)
        .into_tuple()
        .all(db)
        .await?;
    for (review, result, count) in ran {
        let counts = checks.entry(review).or_default();
        *(match result {
            CheckResult::Pass => &mut counts.pass,
            CheckResult::Warn => &mut counts.warn,
            CheckResult::Fail => &mut counts.fail,
            CheckResult::Error => &mut counts.error,
            CheckResult::NotApplicable => &mut counts.not_applicable,
        }) += u32::try_from(count).unwrap_or(u32::MAX);
    }
    Ok(checks)
}

/// A page of reviews in seven queries, however long it is.
pub async fn items(state: &State, reviews: Vec<review::Model>) -> Result<Vec<ReviewItem>> {
    let mut beside = beside(state, &reviews).await?;
    Ok(reviews.into_iter().filter_map(|r| item(&mut beside, r)).collect())
}

fn item(beside: &mut Beside, r: review::Model) -> Option<ReviewItem> {
    let (namespace, filter) = beside.filters.get(&r.filter_id)?;
    let holder = acts::holder(&r, beside.now);
    let place = beside.places.iter().position(|id| *id == r.id);
    let addends = r.addends.map(|a| a.0).unwrap_or_default();
    Some(ReviewItem {
        id: r.id,
        state: r.state,
        action: r.action,
        namespace: handle_of(&beside.handles, *namespace),
        filter: filter.clone(),
        version: beside.versions.get(&r.release_id)?.clone(),
        digest: r.sha256,
        revision: r.revision,
        submitted_by: handle_of(&beside.handles, r.submitted_by),
        assignee: holder.map(|id| handle_of(&beside.handles, id)),
        lease_until: r.lease_until.filter(|_| holder.is_some()),
        due_at: r.due_at,
        paused_at: r.paused_at,
        escalated_at: r.escalated_at,
        expires_at: r.expires_at,
        position: place.and_then(|at| u64::try_from(at + 1).ok()),
        risk: Risk { total: r.risk, addends },
        check_counts: beside.checks.remove(&r.id).unwrap_or_default(),
        approvals: beside.approvals.get(&r.id).copied().unwrap_or(0),
        quorum: r.quorum,
        round: r.round,
        first_publication: r.first_publication,
        break_glass: r.break_glass,
        created_at: r.created_at,
        updated_at: r.updated_at,
        decided_at: r.decided_at,
    })
}
