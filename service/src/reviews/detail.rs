//! The whole of one review, as one reader may see it.
use super::{
    act, acts, appeal, checklist,
    moves::{self, By},
    view::{
        AppealView, BreakGlassView, ChecklistItemView, ReviewCheckView, ReviewCommentView, ReviewEventView,
        ReviewView, ReviewVoteView, items,
    },
};
use crate::{
    auth::Identity,
    error::{Error, Result},
    filters::view::{handle_of, handles},
    releases::publication,
    state::State,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;
use tamis_entities::{
    break_glass_request, filter, release, review, review_appeal, review_check, review_comment, review_event,
    review_presence, review_recusal, review_tick, review_vote,
    value::{Decision, ReviewAct, Slug},
};
use uuid::Uuid;

/// Remarks, and lines of history, of one review: the newest.
const MOST: u64 = 500;

/// The rows that hang on a review.
struct Parts {
    checks: Vec<review_check::Model>,
    votes: Vec<review_vote::Model>,
    comments: Vec<review_comment::Model>,
    ticks: Vec<review_tick::Model>,
    recused: Vec<review_recusal::Model>,
    there: Vec<review_presence::Model>,
    past: Vec<review_event::Model>,
    appeal: Option<review_appeal::Model>,
    glass: Option<break_glass_request::Model>,
}

impl Parts {
    fn people(&self) -> impl Iterator<Item = Uuid> {
        let appeal = self.appeal.iter().flat_map(|a| [Some(a.submitted_by), a.decided_by]).flatten();
        let glass = self.glass.iter().map(|g| g.requested_by);
        (self.votes.iter().map(|v| v.user_id))
            .chain(self.comments.iter().map(|c| c.user_id))
            .chain(self.ticks.iter().map(|t| t.user_id))
            .chain(self.recused.iter().map(|r| r.user_id))
            .chain(self.there.iter().map(|p| p.user_id))
            .chain(appeal)
            .chain(glass)
    }
}

/// Each in one query.
async fn parts(state: &State, id: Uuid) -> Result<Parts> {
    macro_rules! of {
        ($entity:ident by $order:ident) => {
            $entity::Entity::find()
                .filter($entity::Column::ReviewId.eq(id))
                .order_by_asc($entity::Column::$order)
                .all(&*state.db)
                .await?
        };
        (newest $entity:ident) => {{
            let newest = $entity::Entity::find()
                .filter($entity::Column::ReviewId.eq(id))
                .order_by_desc($entity::Column::Id)
                .limit(MOST);
            let mut rows = newest.all(&*state.db).await?;
            rows.reverse();
            rows
        }};
    }
    Ok(Parts {
        checks: of!(review_check by CheckId),
        votes: of!(review_vote by CreatedAt),
        comments: of!(newest review_comment),
        ticks: of!(review_tick by CreatedAt),
        recused: of!(review_recusal by CreatedAt),
        there: of!(review_presence by SeenAt),
        past: of!(newest review_event),
        appeal: appeal::of(&*state.db, id).await?,
        glass: break_glass_request::Entity::find_by_id(id).one(&*state.db).await?,
    })
}

pub async fn view(state: &State, who: &Identity, id: Uuid) -> Result<ReviewView> {
    let missing = Error::not_found;
    let db = &*state.db;
    let review = review::Entity::find_by_id(id).one(db).await?.ok_or_else(missing)?;
    let filter = filter::Entity::find_by_id(review.filter_id).one(db).await?.ok_or_else(missing)?;
    let release = release::Entity::find_by_id(review.release_id).one(db).await?.ok_or_else(missing)?;
    let roles = act::standing(db, who, (&filter, &release, &review), state.clock.now()).await?;
    let parts = parts(state, id).await?;
    let handles = handles(db, parts.people()).await?;
    let curates = roles.contains(&By::Curator) && !roles.contains(&By::Author);
    let since = state.clock.now().minus(acts::THERE);
    let there = parts.there.iter().filter(|p| p.seen_at > since && p.user_id != who.id);
    let viewers = curates.then(|| there.map(|p| handle_of(&handles, p.user_id)).collect());
    let fresh = review.revision == publication::current_revision(&filter, &release, &review);
    let acts = acts_of(&review, &roles, &parts, who, fresh);
    let names = |id| handle_of(&handles, id);
    let told = |e: &review_event::Model| {
        curates || !is_internal(e.act) || [Some(who.id), Some(review.submitted_by)].contains(&e.actor_id)
    };
    let past = parts.past.into_iter().filter(|e| e.act != ReviewAct::Comment);
    let history = past.map(|e| (told(&e), e)).map(|(told, e)| line(e, told)).collect();
    let (note, proposed) = (review.note.clone(), review.proposed.clone());
    let (evidence, policy) = (review.evidence.clone(), review.policy.clone());
    Ok(ReviewView {
        item: items(state, vec![review]).await?.pop().ok_or_else(missing)?,
        note,
        proposed,
        evidence,
        policy,
        checklist: checklist(&release, &parts.ticks, &handles),
        recused: parts.recused.iter().map(|r| names(r.user_id)).collect(),
        viewers,
        appeal: parts.appeal.map(|a| appealed(a, &handles)),
        break_glass_request: parts.glass.map(|g| BreakGlassView {
            by: names(g.requested_by),
            reason: g.reason,
            digest: g.sha256,
            at: g.created_at,
        }),
        checks: checks(parts.checks)?,
        votes: parts.votes.into_iter().map(|v| vote(v, &handles)).collect(),
        comments: comments(parts.comments, curates, &handles),
        // The thread has the remarks.
        history,
        acts,
    })
}

/// What the reader may do: the table of moves, without what follows from votes by itself.
fn acts_of(
    review: &review::Model,
    roles: &[By],
    parts: &Parts,
    who: &Identity,
    fresh: bool,
) -> Vec<ReviewAct> {
    use ReviewAct::*;
    let mut acts = moves::acts(review.state, roles);
    let asked = parts.glass.as_ref().is_some_and(|g| g.requested_by != who.id);
    let appealed = parts.appeal.as_ref().is_some_and(|a| a.decided_at.is_none());
    let against = parts.past.iter().rfind(|event| event.act == Reject).map(|event| event.id);
    let spent = parts.appeal.as_ref().is_some_and(|a| Some(a.event_id) == against);
    let rejected = parts.votes.iter().any(|v| v.user_id == who.id && v.decision == Decision::Reject);
    acts.retain(|act| match act {
        Approve | RequestChanges | Reconsider | Reject => false,
        BreakGlass => asked,
        Reopen | Uphold => appealed && !rejected,
        WithdrawAppeal => appealed,
        Appeal => !spent,
        RunChecks => fresh,
        _ => true,
    });
    acts
}

/// In the order of the list of checks.
fn checks(rows: Vec<review_check::Model>) -> Result<Vec<ReviewCheckView>> {
    let known = super::checks::ids();
    let mut rows = rows;
    rows.sort_by_key(|c| known.iter().position(|id| *id == c.check_id));
    rows.into_iter()
        .map(|c| {
            Ok(ReviewCheckView {
                id: c.check_id,
                required: c.required,
                result: c.result,
                findings: serde_json::from_value(c.findings)?,
                version: c.version,
                duration_ms: c.duration_ms,
                ran_at: c.ran_at,
            })
        })
        .collect()
}

fn vote(v: review_vote::Model, handles: &HashMap<Uuid, Slug>) -> ReviewVoteView {
    ReviewVoteView {
        by: handle_of(handles, v.user_id),
        decision: v.decision,
        digest: v.sha256,
        revision: v.revision,
        round: v.round,
        reason: v.reason,
        note: v.note,
        at: v.created_at,
    }
}

fn comments(
    rows: Vec<review_comment::Model>,
    curates: bool,
    handles: &HashMap<Uuid, Slug>,
) -> Vec<ReviewCommentView> {
    let seen = rows.into_iter().filter(|c| curates || !c.internal);
    seen.map(|c| ReviewCommentView {
        by: handle_of(handles, c.user_id),
        body: c.body,
        internal: c.internal,
        at: c.created_at,
    })
    .collect()
}

fn checklist(
    release: &release::Model,
    ticks: &[review_tick::Model],
    handles: &HashMap<Uuid, Slug>,
) -> Vec<ChecklistItemView> {
    let by =
        |id: &str| ticks.iter().filter(|t| t.item == id).map(|t| handle_of(handles, t.user_id)).collect();
    checklist::items(release.metadata.plugin_type)
        .map(|i| ChecklistItemView { id: i.id, text: i.text, required: i.required, ticked_by: by(i.id) })
        .collect()
}

fn appealed(a: review_appeal::Model, handles: &HashMap<Uuid, Slug>) -> AppealView {
    AppealView {
        by: handle_of(handles, a.submitted_by),
        note: a.note,
        at: a.created_at,
        decided_by: a.decided_by.map(|id| handle_of(handles, id)),
        decision: a.decision,
        answer: a.answer,
        decided_at: a.decided_at,
    }
}

/// Why a curator stands aside, or calls for attention, is for curators.
fn is_internal(act: ReviewAct) -> bool {
    matches!(act, ReviewAct::Recuse | ReviewAct::Escalate)
}

fn line(e: review_event::Model, told: bool) -> ReviewEventView {
    ReviewEventView {
        act: e.act,
        from: e.from_state,
        to: e.to_state,
        by: e.actor,
        reason: e.reason,
        note: e.note.filter(|_| told),
        evidence: e.evidence,
        at: e.created_at,
    }
}
