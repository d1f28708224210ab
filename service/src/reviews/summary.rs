//! How many reviews there are in each saved view of the queue: to the last one for programs, and at
//! a glance for the page, which must not take longer the more there are.
use super::queue::{self, WAITING, open, state_in};
use crate::{
    auth::Identity,
    error::{Error, Result},
    recent::Found,
    state::State,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Alias, Expr, Func, Query},
};
use serde::Serialize;
use std::time::Duration;
use tamis_entities::{
    review,
    value::{ReviewState, Timestamp},
};
use utoipa::ToSchema;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Days of age that are told apart; the last stands for all that are older.
const AGES: [&str; 7] = ["age0", "age1", "age2", "age3", "age4", "age5", "age6"];
/// Open reviews that are counted anew for each page.
const FEW: i64 = 200;
/// A page counts those that need somebody up to here.
pub const MOST: u64 = 100;

/// How many reviews there are in each saved view, and how long they have waited.
#[derive(Clone, Default, Serialize, ToSchema)]
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
    /// Rejected, with an appeal that nobody has answered: not among the open ones.
    pub appealed: i64,
    /// Open ones by age in days: those of the first day first, all that are older than five days last.
    pub by_age: Vec<i64>,
    /// From request to decision, of the last hundred decisions.
    pub median_wait_seconds: Option<i64>,
}

pub async fn exact(state: &State, who: &Identity) -> Result<ReviewSummary> {
    let now = state.clock.now();
    Ok(ReviewSummary {
        needs_me: count(state, who, queue::needs_me(who, now), None).await?,
        mine: count(state, who, open().add(queue::mine(who)), None).await?,
        ..of_all(state, who).await?
    })
}

/// For a page. Where many are open, the counts are some seconds old, but for what needs this person:
/// that is counted each time, up to `MOST`.
pub async fn glance(state: &State, who: &Identity) -> Result<ReviewSummary> {
    let needs_me = count(state, who, queue::needs_me(who, state.clock.now()), Some(MOST)).await?;
    // All curators see the same.
    let whose = if who.is_curator() { "curators".to_owned() } else { who.id.to_string() };
    let of_all = match state.queue.get(&whose) {
        Found::Fresh(counts) => (*counts).clone(),
        Found::Old(counts) => {
            let (state, who) = (state.clone(), who.clone());
            tokio::spawn(async move {
                if let Err(error) = renewed(&state, &who, &whose).await {
                    tracing::warn!(%error, "the queue was not counted anew");
                }
            });
            (*counts).clone()
        }
        Found::Missing => renewed(state, who, &whose).await?,
    };
    Ok(ReviewSummary { needs_me, ..of_all })
}

async fn renewed(state: &State, who: &Identity, whose: &str) -> Result<ReviewSummary> {
    let counts = of_all(state, who).await?;
    if counts.open > FEW {
        state.queue.keep(whose.to_owned(), counts.clone());
    } else {
        state.queue.forget(whose);
    }
    Ok(counts)
}

async fn count(state: &State, who: &Identity, view: Condition, most: Option<u64>) -> Result<i64> {
    let rows = review::Entity::find().select_only().column(review::Column::Id);
    let rows = rows.filter(queue::visible(who, state.clock.now())).filter(view).limit(most);
    let counted = Query::select()
        .expr(Func::count(Expr::col("id")))
        .from_subquery(rows.into_query(), "some")
        .to_owned();
    let row = state.db.query_one(&counted).await?;
    Ok(row.ok_or_else(|| Error::internal("a count without a row"))?.try_get_by_index(0)?)
}

/// What is the same for all who see the same: one statement for all that are open.
async fn of_all(state: &State, who: &Identity) -> Result<ReviewSummary> {
    let now = state.clock.now();
    let today =
        state_in(&WAITING).add(review::Column::DueAt.gte(now)).add(review::Column::DueAt.lt(now.plus(DAY)));
    let mut wanted = vec![
        ("open", open()),
        ("unassigned", state_in(&WAITING).add(queue::free(now))),
        ("overdue", queue::overdue(now)),
        ("due_today", today),
        ("needs_second", queue::needs_second()),
        ("first_publication", queue::first_publication()),
        ("blocked", state_in(&[ReviewState::BlockedByChecks])),
    ];
    for (age, name) in (0..).zip(AGES) {
        let younger = review::Column::CreatedAt.lte(now.minus(DAY * age));
        let older = (name != AGES[6]).then(|| review::Column::CreatedAt.gt(now.minus(DAY * (age + 1))));
        // What was asked for this very moment is of the first day, whatever the clocks say.
        let younger = (age > 0).then_some(younger);
        wanted.push((name, open().add_option(younger).add_option(older)));
    }
    let mut counts =
        review::Entity::find().select_only().filter(queue::visible(who, now)).filter(open()).into_query();
    for (name, condition) in wanted {
        let counted = Func::count(Expr::case(condition, 1));
        counts.expr_as(counted, Alias::new(name));
    }
    let appealed = count(state, who, queue::appealed(), None).await?;
    let row = state.db.query_one(&counts).await?;
    let count = |name: &str| row.as_ref().map_or(Ok(0), |row| row.try_get::<i64>("", name));
    Ok(ReviewSummary {
        open: count("open")?,
        unassigned: count("unassigned")?,
        overdue: count("overdue")?,
        due_today: count("due_today")?,
        needs_second: count("needs_second")?,
        first_publication: count("first_publication")?,
        blocked_by_checks: count("blocked")?,
        appealed,
        by_age: AGES.iter().map(|name| count(name)).collect::<std::result::Result<_, _>>()?,
        median_wait_seconds: median_wait(state, who, now).await?,
        ..ReviewSummary::default()
    })
}

async fn median_wait(state: &State, who: &Identity, now: Timestamp) -> Result<Option<i64>> {
    let decided: Vec<(Timestamp, Timestamp)> = review::Entity::find()
        .select_only()
        .column(review::Column::CreatedAt)
        .column(review::Column::DecidedAt)
        .filter(queue::visible(who, now))
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
