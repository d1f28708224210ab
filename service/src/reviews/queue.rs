//! The queue: which reviews somebody sees, the saved views and their order (due time,
//! then risk). Every question is one statement, whatever the number of reviews; `summary` counts them.
use super::{
    alone,
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
    sea_query::{Expr, ExprTrait, SelectStatement},
};
use serde::Deserialize;
use tamis_entities::{
    filter, grant, release, review, review_appeal, review_recusal, review_vote,
    value::{Decision, GrantLevel, MemberRole, ReviewAction, ReviewState, Slug, Timestamp},
};
use utoipa::IntoParams;
use uuid::Uuid;

/// How many places of the queue are told; what waits behind them is told none.
const PLACES: u64 = 250;

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
    /// Rejected, with an appeal that nobody has answered.
    pub appealed: Option<bool>,
    /// Where the page before ended: its `next`.
    pub after: Option<String>,
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u64>,
}

fn ids(rows: sea_orm::Select<filter::Entity>) -> SelectStatement {
    rows.select_only().column(filter::Column::Id).into_query()
}

/// Namespaces that they may write.
fn homes(who: &Identity) -> impl Iterator<Item = Uuid> {
    let teams = who.teams.iter().filter(|(_, role)| *role >= MemberRole::Maintainer).map(|(team, _)| *team);
    teams.chain([who.id])
}

fn at_home(who: &Identity) -> sea_orm::Select<filter::Entity> {
    filter::Entity::find().filter(filter::Column::NamespaceId.is_in(homes(who)))
}

/// On filters of others.
fn granted(who: &Identity, now: Timestamp) -> sea_orm::Select<grant::Entity> {
    let lasts =
        Condition::any().add(grant::Column::ExpiresAt.is_null()).add(grant::Column::ExpiresAt.gt(now));
    grant::Entity::find()
        .filter(grant::Column::SubjectId.is_in(who.namespaces()))
        .filter(grant::Column::Level.eq(GrantLevel::Write))
        .filter(lasts)
}

/// Of filters that they may write. Two questions, since PostgreSQL would answer one with an `OR` by a
/// walk through all filters.
fn writes(who: &Identity, now: Timestamp) -> Condition {
    let granted = granted(who, now).select_only().column(grant::Column::FilterId).into_query();
    Condition::any()
        .add(review::Column::FilterId.in_subquery(ids(at_home(who))))
        .add(review::Column::FilterId.in_subquery(granted))
}

/// The same for each review that is met on the way through the queue: what belongs to a person may be
/// much more than a page of it.
fn exists<E: EntityTrait>(rows: sea_orm::Select<E>, its: E::Column, of: review::Column) -> Expr {
    let same = Expr::col((E::default(), its)).equals((review::Entity, of));
    Expr::exists(rows.select_only().column(its).filter(same).into_query())
}

/// A column of the one row that a review names, which is always there. As a set of a person's rows, PostgreSQL
/// might make it anew for each question by a walk through everybody's.
fn of_its<E: EntityTrait>(column: E::Column, id: E::Column, of: review::Column) -> Expr {
    let same = Expr::col((E::default(), id)).equals((review::Entity, of));
    let row = E::find().select_only().column(column).filter(same).into_query();
    Expr::SubQuery(None, Box::new(row.into()))
}

fn is_theirs(who: &Identity, now: Timestamp) -> Condition {
    let home =
        of_its::<filter::Entity>(filter::Column::NamespaceId, filter::Column::Id, review::Column::FilterId);
    Condition::any().add(home.is_in(homes(who))).add(exists(
        granted(who, now),
        grant::Column::FilterId,
        review::Column::FilterId,
    ))
}

/// Curators see all; others what they submitted and what concerns filters that they may write.
pub fn visible(who: &Identity, now: Timestamp) -> Condition {
    let mut all = Condition::all();
    if !who.is_curator() {
        let mine = Condition::all()
            .add(review::Column::SubmittedBy.eq(who.id))
            .add(review::Column::FilterId.in_subquery(ids(filter::Entity::find().filter(insider(who, now)))));
        all = all.add(Condition::any().add(mine).add(writes(who, now)));
    }
    if let Some(within) = who.within() {
        all = all.add(review::Column::FilterId.in_subquery(ids(filter::Entity::find().filter(within))));
    }
    all
}

/// A column that the database keeps, for the index in the order of the queue.
pub(super) fn open() -> Condition {
    Condition::all().add(Expr::cust("reviews.is_open = TRUE"))
}

/// Open, and in one of these states.
pub(super) fn state_in(states: &[ReviewState]) -> Condition {
    open().add(review::Column::State.is_in(states.iter().copied()))
}

/// Votes of the round in which each review is.
fn votes_now() -> sea_orm::Select<review_vote::Entity> {
    let same = Expr::col((review_vote::Entity, review_vote::Column::Round))
        .equals((review::Entity, review::Column::Round));
    review_vote::Entity::find().filter(same)
}

pub(super) fn free(now: Timestamp) -> Condition {
    Condition::any().add(review::Column::Assignee.is_null()).add(review::Column::LeaseUntil.lte(now))
}

pub(super) fn mine(who: &Identity) -> Condition {
    Condition::any().add(review::Column::SubmittedBy.eq(who.id)).add(review::Column::Assignee.eq(who.id))
}

pub(super) fn needs_me(who: &Identity, now: Timestamp) -> Condition {
    let author = Condition::any().add(review::Column::SubmittedBy.eq(who.id)).add(is_theirs(who, now));
    let turn = [ReviewState::BlockedByChecks, ReviewState::ChangesRequested, ReviewState::Approved];
    let to_do = state_in(&turn).add(author);
    if !who.is_curator() {
        return to_do;
    }
    let uploader =
        of_its::<release::Entity>(release::Column::CreatedBy, release::Column::Id, review::Column::ReleaseId);
    let recused = review_recusal::Entity::find().filter(review_recusal::Column::UserId.eq(who.id));
    let voted = votes_now().filter(review_vote::Column::UserId.eq(who.id));
    let to_vote = state_in(&[ReviewState::InReview])
        .add(review::Column::SubmittedBy.ne(who.id))
        .add(is_theirs(who, now).not())
        .add(uploader.ne(who.id))
        .add(exists(recused, review_recusal::Column::ReviewId, review::Column::Id).not())
        .add(exists(voted, review_vote::Column::ReviewId, review::Column::Id).not())
        .add(free(now).add(review::Column::Assignee.eq(who.id)));
    open().add(Condition::any().add(to_do).add(to_vote))
}

pub(super) const WAITING: [ReviewState; 3] =
    [ReviewState::Checking, ReviewState::BlockedByChecks, ReviewState::InReview];

pub(super) fn overdue(now: Timestamp) -> Condition {
    state_in(&WAITING).add(review::Column::DueAt.lt(now))
}

pub(super) fn needs_second() -> Condition {
    let approved = votes_now().filter(review_vote::Column::Decision.eq(Decision::Approve));
    let approved = exists(approved, review_vote::Column::ReviewId, review::Column::Id);
    state_in(&[ReviewState::InReview]).add(approved)
}

pub(super) fn first_publication() -> Condition {
    open().add(review::Column::FirstPublication.eq(true))
}

/// By the few that wait, and not by all that were ever rejected: nothing else of them is asked for here,
/// so that no index leads through those. What leaves the rejection answers the appeal.
pub(super) fn appealed() -> Condition {
    let waiting = review_appeal::Entity::find().filter(review_appeal::Column::DecidedAt.is_null());
    let waiting = waiting.select_only().column(review_appeal::Column::ReviewId).into_query();
    Condition::all().add(review::Column::Id.in_subquery(waiting))
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
        .add_option(of(query.open, open()))
        .add_option(of(query.mine, mine(who)))
        .add_option(of(query.needs_me, needs_me(who, now)))
        .add_option(of(query.unassigned, state_in(&WAITING).add(free(now))))
        .add_option(of(query.overdue, overdue(now)))
        .add_option(of(query.needs_second, needs_second()))
        .add_option(of(query.first_publication, first_publication()))
        .add_option(of(query.appealed, appealed())))
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

/// The request about a release that is open, by itself or by an appeal; else the newest.
pub async fn newest_of(state: &State, who: &Identity, release: Uuid) -> Result<Option<ReviewItem>> {
    let rows = review::Entity::find().filter(visible(who, state.clock.now()));
    let rows = rows.filter(review::Column::ReleaseId.eq(release)).order_by_desc(Expr::expr(alone::open()));
    let newest = rows
        .order_by_desc(review::Column::CreatedAt)
        .order_by_desc(review::Column::Id)
        .limit(1)
        .all(&*state.db)
        .await?;
    Ok(view::items(state, newest).await?.pop())
}

/// What somebody submitted or holds, as the page of their work has it: all that is open, then what ended last.
pub async fn work_of(state: &State, who: &Identity, most: u64) -> Result<Vec<ReviewItem>> {
    let rows = review::Entity::find().filter(visible(who, state.clock.now())).filter(mine(who));
    let open_first = rows.order_by_desc(Expr::cust("reviews.is_open"));
    let rows = open_first.order_by_desc(review::Column::UpdatedAt).order_by_desc(review::Column::Id);
    view::items(state, rows.limit(most).all(&*state.db).await?).await
}

/// The first that wait for votes, in order: the place of each in the queue.
pub async fn places<C: ConnectionTrait>(db: &C) -> Result<Vec<Uuid>> {
    let waiting = review::Entity::find().filter(review::Column::State.eq(ReviewState::InReview));
    let waiting = ordered(waiting).select_only().column(review::Column::Id).limit(PLACES);
    Ok(waiting.into_tuple().all(db).await?)
}
