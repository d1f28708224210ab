//! How a review looks from outside, and the lines of the queue.
use super::{acts, beside::Beside, checks::CheckFinding};
use crate::{error::Result, filters::view::handle_of, state::State};
use serde::Serialize;
use tamis_entities::{
    review,
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
    /// Against its rejection, and still without an answer; `due_at` is then that of the answer.
    pub open_appeal: Option<OpenAppeal>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub decided_at: Option<Timestamp>,
}

#[derive(Clone, Serialize, ToSchema)]
pub struct OpenAppeal {
    pub by: Slug,
    /// How its note begins.
    pub note: String,
    pub at: Timestamp,
    /// Whose votes it is against: they do not decide about it.
    pub rejected_by: Vec<Slug>,
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

/// A page of reviews in eight queries, however long it is.
pub async fn items(state: &State, reviews: Vec<review::Model>) -> Result<Vec<ReviewItem>> {
    let mut beside = Beside::of(state, &reviews).await?;
    Ok(reviews.into_iter().filter_map(|r| item(&mut beside, r)).collect())
}

/// How much of a note stands in a line of the queue, in characters.
const START: usize = 240;

fn start(note: &str) -> String {
    let line = note.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(START) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or(&line).trim_end()),
        None => line,
    }
}

fn open_appeal(beside: &Beside, review: Uuid) -> Option<OpenAppeal> {
    let appeal = beside.appeals.get(&review)?;
    let rejected = beside.rejections.get(&review).into_iter().flatten();
    Some(OpenAppeal {
        by: handle_of(&beside.handles, appeal.submitted_by),
        note: start(&appeal.note),
        at: appeal.created_at,
        rejected_by: rejected.map(|id| handle_of(&beside.handles, *id)).collect(),
    })
}

fn item(beside: &mut Beside, r: review::Model) -> Option<ReviewItem> {
    let (namespace, filter) = beside.filters.get(&r.filter_id)?;
    let holder = acts::holder(&r, beside.now);
    let place = beside.places.iter().position(|id| *id == r.id);
    let addends = r.addends.map(|a| a.0).unwrap_or_default();
    let open_appeal = open_appeal(beside, r.id);
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
        open_appeal,
        created_at: r.created_at,
        updated_at: r.updated_at,
        decided_at: r.decided_at,
    })
}
