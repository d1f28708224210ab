//! Where a curator goes after a decision, and the sentence there that says what was done. The sentence is read
//! from what is stored: an address alone can make nobody believe anything.
use crate::{
    auth::Identity,
    error::Result,
    reviews::{
        queue::{self, ReviewQuery},
        view::{self, ReviewItem},
    },
    state::State,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait, sea_query::SelectStatement};
use tamis_entities::{
    review, review_comment, review_vote,
    value::{Decision, ReviewState},
};
use uuid::Uuid;

/// As many as can be acted on at once.
const MOST: usize = crate::reviews::many::MOST;

/// What each act is called once it is done.
const DONE: [(&str, &str); 6] = [
    ("approve", "approved"),
    ("reject", "rejected"),
    ("request_changes", "asked for changes of"),
    ("take", "took"),
    ("put_back", "put back"),
    ("comment", "commented on"),
];

pub struct Done {
    pub verb: &'static str,
    pub items: Vec<ReviewItem>,
}

impl Done {
    /// What follows from it, where one thing was done.
    pub fn follows(&self) -> Option<String> {
        let [item] = self.items.as_slice() else { return None };
        let more = item.quorum - item.approvals;
        Some(match item.state {
            ReviewState::Checking => "It counts once the checks have passed.".into(),
            ReviewState::InReview if more == 1 => "One more approval is needed.".into(),
            ReviewState::InReview if more > 1 => format!("{more} more approvals are needed."),
            ReviewState::Approved => "It can be released now.".into(),
            ReviewState::ChangesRequested => "Its author is told what to change.".into(),
            ReviewState::Rejected => "Its author is told why.".into(),
            _ => return None,
        })
    }
}

/// The next review that waits for their vote, or the queue. That it could not be looked up undoes no vote.
pub async fn next(state: &State, who: &Identity, decision: Decision, of: Uuid) -> String {
    let wanted = ReviewQuery {
        state: Some(ReviewState::InReview),
        needs_me: Some(true),
        limit: Some(1),
        ..ReviewQuery::default()
    };
    let found = queue::list(state, who, wanted).await;
    let found = found.inspect_err(|error| tracing::warn!(%error, "the next review could not be looked up"));
    match found.ok().and_then(|page| page.items.into_iter().next()) {
        Some(next) => format!("/reviews/{}?did={decision}&done={of}", next.id),
        None => format!("/reviews?view=needs_me&did={decision}&done={of}"),
    }
}

/// The part of an address that `said` reads.
pub fn told(act: &str, ids: impl Iterator<Item = Uuid>) -> String {
    let ids: Vec<_> = ids.map(|id| id.to_string()).collect();
    format!("did={act}&done={}", ids.join("."))
}

pub async fn said(
    state: &State,
    who: &Identity,
    did: Option<&str>,
    done: Option<&str>,
) -> Result<Option<Done>> {
    let Some((act, verb)) = DONE.into_iter().find(|(act, _)| Some(*act) == did) else { return Ok(None) };
    let ids = done.unwrap_or_default().split('.').filter_map(|id| id.parse::<Uuid>().ok());
    let ids: Vec<_> = ids.take(MOST).collect();
    if ids.is_empty() {
        return Ok(None);
    }
    let wanted = queue::visible(who, state.clock.now()).add(review::Column::Id.is_in(ids));
    let wanted = match act {
        "take" => wanted.add(review::Column::Assignee.eq(who.id)),
        "put_back" => wanted.add(review::Column::Assignee.is_null()),
        "comment" => wanted.add(review::Column::Id.in_subquery(commented(who))),
        decision => match decision.parse() {
            Ok(decision) => wanted.add(review::Column::Id.in_subquery(voted(who, decision))),
            Err(_) => return Ok(None),
        },
    };
    let rows = review::Entity::find().filter(wanted).all(&*state.db).await?;
    let items = view::items(state, rows).await?;
    Ok((!items.is_empty()).then_some(Done { verb, items }))
}

fn voted(who: &Identity, decision: Decision) -> SelectStatement {
    let votes = review_vote::Entity::find().select_only().column(review_vote::Column::ReviewId);
    let votes = votes.filter(review_vote::Column::UserId.eq(who.id));
    votes.filter(review_vote::Column::Decision.eq(decision)).into_query()
}

fn commented(who: &Identity) -> SelectStatement {
    let comments = review_comment::Entity::find().select_only().column(review_comment::Column::ReviewId);
    comments.filter(review_comment::Column::UserId.eq(who.id)).into_query()
}
