//! How requests stand, in words for those who wait for them: where each waits, what failed, and why it is where it
//! is. Four questions to the database at most, however many requests.
use crate::{
    console::{figures, parts::check_name},
    error::Result,
    reviews::{checks::CheckFinding, reasons, view::ReviewItem},
    state::State,
};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, sea_query::Expr,
};
use std::collections::{HashMap, HashSet};
use tamis_entities::{
    release, review, review_check, review_event, review_vote,
    value::{CheckResult, Decision, ReleaseState, ReviewAct, ReviewAction, ReviewState, Timestamp},
};
use uuid::Uuid;

/// Of the words of others this much stands in a list.
const MOST: usize = 160;

pub struct Request {
    pub item: ReviewItem,
    /// Why it is where it is, if anybody said so.
    pub why: Option<String>,
    /// What it published was quarantined since.
    pub stopped: bool,
    /// The checks that keep it from the curators.
    failed: Vec<String>,
}

pub async fn of(state: &State, items: Vec<ReviewItem>) -> Result<Vec<Request>> {
    let mut whys = decided(state, &items).await?;
    whys.extend(ended(state, &items).await?);
    let mut failed: HashMap<Uuid, Vec<String>> = HashMap::new();
    for check in blocking(state, &items).await? {
        failed.entry(check.review_id).or_default().push(check_name(&check.check_id));
        let findings: Vec<CheckFinding> = serde_json::from_value(check.findings)?;
        if let Some(finding) = findings.into_iter().next() {
            whys.entry(check.review_id).or_insert(finding.message);
        }
    }
    let stopped = stopped(state, &items).await?;
    let request = |item: ReviewItem| Request {
        stopped: stopped.contains(&item.id),
        why: whys.remove(&item.id).map(|words| one_line(&words)).filter(|words| !words.is_empty()),
        failed: failed.remove(&item.id).unwrap_or_default(),
        item,
    };
    Ok(items.into_iter().map(request).collect())
}

fn among(items: &[ReviewItem], states: &[ReviewState]) -> Vec<Uuid> {
    items.iter().filter(|item| states.contains(&item.state)).map(|item| item.id).collect()
}

/// What the newest vote said that sent it back or ended it.
async fn decided(state: &State, items: &[ReviewItem]) -> Result<HashMap<Uuid, String>> {
    let mut said = HashMap::new();
    let judged = among(items, &[ReviewState::ChangesRequested, ReviewState::Rejected]);
    if judged.is_empty() {
        return Ok(said);
    }
    let votes = review_vote::Entity::find()
        .filter(review_vote::Column::ReviewId.is_in(judged))
        .filter(review_vote::Column::Decision.ne(Decision::Approve))
        .order_by_asc(review_vote::Column::CreatedAt);
    let rests_on = |item: &ReviewItem| match item.state {
        ReviewState::Rejected => (item.round, Decision::Reject),
        _ => (item.round, Decision::RequestChanges),
    };
    let rests_on: HashMap<_, _> = items.iter().map(|item| (item.id, rests_on(item))).collect();
    for vote in votes.all(&*state.db).await? {
        let words = vote.note.or_else(|| reasons::text(vote.reason.as_deref()).map(str::to_owned));
        let counts = rests_on.get(&vote.review_id) == Some(&(vote.round, vote.decision));
        if let Some(words) = words.or(vote.reason).filter(|_| counts) {
            said.insert(vote.review_id, words);
        }
    }
    Ok(said)
}

/// What ended it without a decision.
async fn ended(state: &State, items: &[ReviewItem]) -> Result<HashMap<Uuid, String>> {
    let over = among(items, &[ReviewState::Withdrawn, ReviewState::Expired, ReviewState::Superseded]);
    if over.is_empty() {
        return Ok(HashMap::new());
    }
    let ends = [ReviewAct::Withdraw, ReviewAct::Expire, ReviewAct::Supersede];
    let past = review_event::Entity::find()
        .filter(review_event::Column::ReviewId.is_in(over))
        .filter(review_event::Column::Act.is_in(ends))
        .order_by_asc(review_event::Column::Id);
    let why = |event: review_event::Model| {
        let by = event.actor.strip_prefix("user:").map(|who| format!("by {who}"));
        Some((event.review_id, event.reason.or(by)?))
    };
    Ok(past.all(&*state.db).await?.into_iter().filter_map(why).collect())
}

/// Those that have done what was asked for, of releases that are quarantined now.
async fn stopped(state: &State, items: &[ReviewItem]) -> Result<HashSet<Uuid>> {
    let done = among(items, &[ReviewState::Published]);
    if done.is_empty() {
        return Ok(HashSet::new());
    }
    let its = Expr::col((release::Entity, release::Column::Id));
    let release = release::Entity::find()
        .select_only()
        .column(release::Column::Id)
        .filter(its.equals((review::Entity, review::Column::ReleaseId)))
        .filter(release::Column::State.eq(ReleaseState::Quarantined));
    let stopped = review::Entity::find()
        .select_only()
        .column(review::Column::Id)
        .filter(review::Column::Id.is_in(done))
        .filter(Expr::exists(release.into_query()));
    Ok(stopped.into_tuple::<Uuid>().all(&*state.db).await?.into_iter().collect())
}

async fn blocking(state: &State, items: &[ReviewItem]) -> Result<Vec<review_check::Model>> {
    let blocked = among(items, &[ReviewState::BlockedByChecks]);
    if blocked.is_empty() {
        return Ok(vec![]);
    }
    let failed = review_check::Entity::find()
        .filter(review_check::Column::ReviewId.is_in(blocked))
        .filter(review_check::Column::Required.eq(true))
        .filter(review_check::Column::Result.is_in([CheckResult::Fail, CheckResult::Error]))
        .order_by_asc(review_check::Column::CheckId);
    Ok(failed.all(&*state.db).await?)
}

/// The first line of what was said, and of a long one the beginning.
fn one_line(words: &str) -> String {
    let line = words.trim().lines().next().unwrap_or_default().trim_end();
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} …", line.get(..end).unwrap_or(line).trim_end()),
        None => line.to_owned(),
    }
}

fn due(item: &ReviewItem, now: &Timestamp) -> Option<String> {
    // While its author has to act, the due time stands still.
    let at = item.due_at.filter(|_| item.paused_at.is_none())?;
    Some(match at < *now {
        true => format!("overdue by {}", figures::span(&at, now)),
        false => format!("due in {}", figures::span(now, &at)),
    })
}

fn failures(n: usize) -> String {
    format!("{n} check{} failed", if n == 1 { "" } else { "s" })
}

impl Request {
    /// Where it waits, or what it waits for.
    pub fn line(&self, now: &Timestamp) -> String {
        let item = &self.item;
        let counts = &item.check_counts;
        let bad = usize::try_from(counts.fail.saturating_add(counts.error)).unwrap_or_default();
        let bad = (bad > 0).then(|| failures(bad));
        let place = match item.position {
            Some(1) => "next in line".to_owned(),
            Some(n) => format!("{n} in line"),
            None => "in line".to_owned(),
        };
        let parts = match item.state {
            ReviewState::Checking => [Some("checks are running".into()), due(item, now), None],
            ReviewState::InReview => [Some(place), due(item, now), bad],
            ReviewState::BlockedByChecks => {
                [Some(format!("{}: {}", failures(self.failed.len()), self.failed.join(", "))), None, None]
            }
            ReviewState::ChangesRequested => [Some("waits for a change".into()), None, None],
            ReviewState::Approved => [Some("waits for its release".into()), None, None],
            _ => [Some(figures::ago(&item.decided_at.unwrap_or(item.updated_at), now)), None, None],
        };
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// One sentence for its author: how it stands and what comes next. None for what was done as asked.
    pub fn sentence(&self) -> Option<String> {
        let what = match self.item.action {
            ReviewAction::Publish => "publication",
            ReviewAction::Update => "a change of what is said",
            ReviewAction::Unpublish => "its end in the catalog",
            ReviewAction::Unquarantine => "the end of its quarantine",
        };
        let why = self.why.as_deref().map(|words| words.trim_end_matches('.'));
        let after = |mark: &str| why.map(|words| format!("{mark}{words}")).unwrap_or_default();
        Some(match self.item.state {
            ReviewState::Checking => format!("You asked for {what}. The checks are running."),
            ReviewState::InReview => "In review. Nothing to do for you until a curator decides.".into(),
            ReviewState::BlockedByChecks => {
                let which = self.failed.join(", ");
                format!("{}: {which}. See why, fix it, and ask again.", failures(self.failed.len()))
            }
            ReviewState::ChangesRequested => format!("A curator asks for a change{}.", after(": ")),
            ReviewState::Approved => "Approved. It is not live yet: release it when you are ready.".into(),
            ReviewState::Rejected if self.item.open_appeal.is_some() => {
                "Rejected; your appeal waits for its answer.".into()
            }
            ReviewState::Rejected => format!(
                "Your request for {what} was rejected{}. A rejection can be appealed once, on its page.",
                after(": ")
            ),
            ReviewState::Withdrawn => {
                format!("The request for {what} was taken back{}. You can ask again.", after(" "))
            }
            ReviewState::Expired => {
                format!("Your request for {what} expired{}. You can ask again.", after(": "))
            }
            ReviewState::Superseded => {
                format!("Your request for {what} ended{}. You can ask again.", after(": "))
            }
            ReviewState::Published => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_words_of_others_one_short_line_is_shown() {
        assert_eq!(one_line("  Say where it calls.\nAnd why."), "Say where it calls.");
        let long = "é".repeat(MOST + 1);
        assert_eq!(one_line(&long), format!("{} …", "é".repeat(MOST)));
        assert_eq!([one_line(""), one_line("\n")], ["", ""]);
    }
}
