//! The queue: which reviews somebody sees, the saved views, their order (due time, then risk) and
//! their counts. Every question is one statement, whatever the number of reviews.
use super::{
    OPEN,
    view::{self, ReviewItem},
};
use crate::{
    auth::{Identity, access::find_namespace},
    error::Result,
    filters::list::insider,
    http::page::{Cursors, Page, PageQuery},
    state::State,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Alias, Expr, ExprTrait, Func, SelectStatement},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tamis_entities::{
    filter, grant, release, review, review_recusal, review_vote,
    value::{Decision, GrantLevel, MemberRole, ReviewAction, ReviewState, Slug, Timestamp},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Days of age that are told apart; the last stands for all that are older.
const AGES: [&str; 7] = ["age0", "age1", "age2", "age3", "age4", "age5", "age6"];

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReviewQuery {
    pub state: Option<ReviewState>,
    /// In a state that still wants something from somebody.
    pub open: Option<bool>,
    pub action: Option<ReviewAction>,
    /// Of the filters of this namespace.
    pub namespace: Option<Slug>,
    /// Submitted or held by you.
    pub mine: Option<bool>,
    /// Waits for you: for your vote, or for what its author has to do.
    pub needs_me: Option<bool>,
    /// Undecided and held by nobody.
    pub unassigned: Option<bool>,
    /// Past its due time.
    pub overdue: Option<bool>,
    /// Has an approval and takes another.
    pub needs_second: Option<bool>,
    /// The first publication of its namespace, still open.
    pub first_publication: Option<bool>,
    /// Where the page before ended: its `next`.
    pub after: Option<String>,
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u64>,
}

/// How many open reviews there are in each saved view, and how long they have waited.
#[derive(Serialize, ToSchema)]
pub struct ReviewSummary {
    pub open: i64,
    pub needs_me: i64,
    pub mine: i64,
    pub unassigned: i64,
    pub overdue: i64,
    pub due_today: i64,
    pub needs_second: i64,
    pub first_publication: i64,
    pub blocked_by_checks: i64,
    /// Open ones by age in days: those of the first day first, all that are older than five days last.
    pub by_age: Vec<i64>,
    /// From request to decision, of the last hundred decisions.
    pub median_wait_seconds: Option<i64>,
}

fn ids(rows: sea_orm::Select<filter::Entity>) -> SelectStatement {
    rows.select_only().column(filter::Column::Id).into_query()
}

/// Filters that they may write.
fn writable(who: &Identity, now: Timestamp) -> SelectStatement {
    let teams = who.teams.iter().filter(|(_, role)| *role >= MemberRole::Maintainer).map(|(team, _)| *team);
    let granted = grant::Entity::find()
        .select_only()
        .column(grant::Column::FilterId)
        .filter(grant::Column::SubjectId.is_in(who.namespaces()))
        .filter(grant::Column::Level.eq(GrantLevel::Write))
        .filter(
            Condition::any().add(grant::Column::ExpiresAt.is_null()).add(grant::Column::ExpiresAt.gt(now)),
        );
    let any = Condition::any()
        .add(filter::Column::NamespaceId.is_in(teams.chain([who.id])))
        .add(filter::Column::Id.in_subquery(granted.into_query()));
    ids(filter::Entity::find().filter(any))
}

/// Curators see all; others what they submitted and what concerns filters that they may write.
pub fn visible(who: &Identity, now: Timestamp) -> Condition {
    let mut all = Condition::all();
    if !who.is_curator() {
        let mine = Condition::all()
            .add(review::Column::SubmittedBy.eq(who.id))
            .add(review::Column::FilterId.in_subquery(ids(filter::Entity::find().filter(insider(who, now)))));
        let theirs = review::Column::FilterId.in_subquery(writable(who, now));
        all = all.add(Condition::any().add(mine).add(theirs));
    }
    if let Some(within) = who.within() {
        all = all.add(review::Column::FilterId.in_subquery(ids(filter::Entity::find().filter(within))));
    }
    all
}

fn state_in(states: &[ReviewState]) -> Condition {
    Condition::all().add(review::Column::State.is_in(states.iter().copied()))
}

/// Votes of the round in which each review is.
fn votes_now() -> sea_orm::Select<review_vote::Entity> {
    let same = Expr::col((review_vote::Entity, review_vote::Column::Round))
        .equals((review::Entity, review::Column::Round));
    review_vote::Entity::find().select_only().column(review_vote::Column::ReviewId).filter(same)
}

fn free(now: Timestamp) -> Condition {
    Condition::any().add(review::Column::Assignee.is_null()).add(review::Column::LeaseUntil.lte(now))
}

fn mine(who: &Identity) -> Condition {
    Condition::any().add(review::Column::SubmittedBy.eq(who.id)).add(review::Column::Assignee.eq(who.id))
}

fn needs_me(who: &Identity, now: Timestamp) -> Condition {
    let author = Condition::any()
        .add(review::Column::SubmittedBy.eq(who.id))
        .add(review::Column::FilterId.in_subquery(writable(who, now)));
    let turn = [ReviewState::BlockedByChecks, ReviewState::ChangesRequested, ReviewState::Approved];
    let to_do = state_in(&turn).add(author);
    if !who.is_curator() {
        return to_do;
    }
    let uploaded = release::Entity::find()
        .select_only()
        .column(release::Column::Id)
        .filter(release::Column::CreatedBy.eq(who.id));
    let recused = review_recusal::Entity::find()
        .select_only()
        .column(review_recusal::Column::ReviewId)
        .filter(review_recusal::Column::UserId.eq(who.id));
    let voted = votes_now().filter(review_vote::Column::UserId.eq(who.id));
    let to_vote = state_in(&[ReviewState::InReview])
        .add(review::Column::SubmittedBy.ne(who.id))
        .add(review::Column::FilterId.not_in_subquery(writable(who, now)))
        .add(review::Column::ReleaseId.not_in_subquery(uploaded.into_query()))
        .add(review::Column::Id.not_in_subquery(recused.into_query()))
        .add(review::Column::Id.not_in_subquery(voted.into_query()))
        .add(free(now).add(review::Column::Assignee.eq(who.id)));
    Condition::any().add(to_do).add(to_vote)
}

const WAITING: [ReviewState; 3] =
    [ReviewState::Checking, ReviewState::BlockedByChecks, ReviewState::InReview];

fn overdue(now: Timestamp) -> Condition {
    state_in(&WAITING).add(review::Column::DueAt.lt(now))
}

fn needs_second() -> Condition {
    let approved = votes_now().filter(review_vote::Column::Decision.eq(Decision::Approve));
    state_in(&[ReviewState::InReview]).add(review::Column::Id.in_subquery(approved.into_query()))
}

fn first_publication() -> Condition {
    state_in(OPEN).add(review::Column::FirstPublication.eq(true))
}

async fn asked(state: &State, who: &Identity, query: &ReviewQuery) -> Result<Condition> {
    let now = state.clock.now();
    let mut all = visible(who, now);
    if let Some(handle) = &query.namespace {
        let id = find_namespace(&*state.db, handle).await?.map_or(Uuid::nil(), |n| n.id);
        let theirs = filter::Entity::find().filter(filter::Column::NamespaceId.eq(id));
        all = all.add(review::Column::FilterId.in_subquery(ids(theirs)));
    }
    let of = |wanted: Option<bool>, view: Condition| (wanted == Some(true)).then_some(view);
    Ok(all
        .add_option(query.state.map(|s| review::Column::State.eq(s)))
        .add_option(query.action.map(|a| review::Column::Action.eq(a)))
        .add_option(of(query.open, state_in(OPEN)))
        .add_option(of(query.mine, mine(who)))
        .add_option(of(query.needs_me, needs_me(who, now)))
        .add_option(of(query.unassigned, state_in(&WAITING).add(free(now))))
        .add_option(of(query.overdue, overdue(now)))
        .add_option(of(query.needs_second, needs_second()))
        .add_option(of(query.first_publication, first_publication())))
}

/// What is due first comes first; of what is due at once, what is riskier.
fn ordered(rows: sea_orm::Select<review::Entity>) -> sea_orm::Select<review::Entity> {
    rows.order_by_asc(review::Column::DueAt)
        .order_by_desc(review::Column::Risk)
        .order_by_asc(review::Column::Id)
}

fn beyond((due, risk, id): (i64, i64, Uuid)) -> Condition {
    let (later, tied) = (review::Column::DueAt.gt(due), review::Column::DueAt.eq(due));
    let less = Condition::any()
        .add(review::Column::Risk.lt(risk))
        .add(Condition::all().add(review::Column::Risk.eq(risk)).add(review::Column::Id.gt(id)));
    Condition::any().add(later).add(Condition::all().add(tied).add(less))
}

pub async fn list(state: &State, who: &Identity, query: ReviewQuery) -> Result<Page<ReviewItem>> {
    let page = PageQuery { after: query.after.clone(), limit: query.limit };
    let limit = page.limit()?;
    let filters = ReviewQuery { after: None, limit: None, ..query };
    let cursors = Cursors { key: &state.secret, context: format!("reviews|{}|{filters:?}", who.id) };
    let after = cursors.open::<(i64, i64, Uuid)>(page.after.as_deref())?.map(beyond);
    let wanted = asked(state, who, &filters).await?.add_option(after);
    let rows = ordered(review::Entity::find().filter(wanted));
    let mut rows = rows.limit(limit + 1).all(&*state.db).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let place = |r: &review::Model| (r.due_at.map_or(0, |t| t.0), r.risk, r.id);
    let next = rows.last().filter(|_| more).map(|r| cursors.seal(&place(r))).transpose()?;
    Ok(Page { items: view::items(state, rows).await?, next })
}

/// The newest request about a release.
pub async fn newest_of(state: &State, who: &Identity, release: Uuid) -> Result<Option<ReviewItem>> {
    let rows = review::Entity::find().filter(visible(who, state.clock.now()));
    let rows = rows.filter(review::Column::ReleaseId.eq(release)).order_by_desc(review::Column::CreatedAt);
    let newest = rows.order_by_desc(review::Column::Id).limit(1).all(&*state.db).await?;
    Ok(view::items(state, newest).await?.pop())
}

/// The first thousand that wait for votes, in order: the place of each in the queue.
pub async fn places<C: ConnectionTrait>(db: &C) -> Result<Vec<Uuid>> {
    let waiting = review::Entity::find().filter(review::Column::State.eq(ReviewState::InReview));
    let waiting = ordered(waiting).select_only().column(review::Column::Id).limit(1000);
    Ok(waiting.into_tuple().all(db).await?)
}

/// All counts in one statement.
pub async fn summary(state: &State, who: &Identity) -> Result<ReviewSummary> {
    let now = state.clock.now();
    let today =
        state_in(&WAITING).add(review::Column::DueAt.gte(now)).add(review::Column::DueAt.lt(now.plus(DAY)));
    let mut wanted = vec![
        ("open", state_in(OPEN)),
        ("needs_me", needs_me(who, now)),
        ("mine", mine(who)),
        ("unassigned", state_in(&WAITING).add(free(now))),
        ("overdue", overdue(now)),
        ("due_today", today),
        ("needs_second", needs_second()),
        ("first_publication", first_publication()),
        ("blocked", state_in(&[ReviewState::BlockedByChecks])),
    ];
    for (age, name) in (0..).zip(AGES) {
        let younger = review::Column::CreatedAt.lte(now.minus(DAY * age));
        let older = (name != AGES[6]).then(|| review::Column::CreatedAt.gt(now.minus(DAY * (age + 1))));
        // What was asked for this very moment is of the first day, whatever the clocks say.
        let younger = (age > 0).then_some(younger);
        wanted.push((name, state_in(OPEN).add_option(younger).add_option(older)));
    }
    let mut counts =
        review::Entity::find().select_only().filter(visible(who, now)).filter(state_in(OPEN)).into_query();
    for (name, condition) in wanted {
        let counted = Func::count(Expr::case(condition, 1));
        counts.expr_as(counted, Alias::new(name));
    }
    let row = state.db.query_one(&counts).await?;
    let count = |name: &str| row.as_ref().map_or(Ok(0), |row| row.try_get::<i64>("", name));
    Ok(ReviewSummary {
        open: count("open")?,
        needs_me: count("needs_me")?,
        mine: count("mine")?,
        unassigned: count("unassigned")?,
        overdue: count("overdue")?,
        due_today: count("due_today")?,
        needs_second: count("needs_second")?,
        first_publication: count("first_publication")?,
        blocked_by_checks: count("blocked")?,
        by_age: AGES.iter().map(|name| count(name)).collect::<std::result::Result<_, _>>()?,
        median_wait_seconds: median_wait(state, who, now).await?,
    })
}

async fn median_wait(state: &State, who: &Identity, now: Timestamp) -> Result<Option<i64>> {
    let decided: Vec<(Timestamp, Timestamp)> = review::Entity::find()
        .select_only()
        .column(review::Column::CreatedAt)
        .column(review::Column::DecidedAt)
        .filter(visible(who, now))
        .filter(review::Column::DecidedAt.is_not_null())
        .order_by_desc(review::Column::DecidedAt)
        .limit(100)
        .into_tuple()
        .all(&*state.db)
        .await?;
    let mut waits: Vec<_> = decided.iter().map(|(from, to)| (to.0 - from.0) / 1_000_000).collect();
    waits.sort_unstable();
    Ok(waits.get(waits.len() / 2).copied())
}
