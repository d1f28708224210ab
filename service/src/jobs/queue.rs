//! Claiming and finishing: one `UPDATE … RETURNING` under a lease, so that two workers
//! never hold one job, on either database.
use super::{DEPLOYING, Job, Lane, OUTGOING, SEND_MAIL, lease::holder};
use crate::{
    error::{Error, Result},
    state::State,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, Order, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
    sea_query::{Expr, LockBehavior, LockType, SubQueryStatement},
};
use std::time::Duration;
use tamis_entities::{
    job,
    value::{JobState, Timestamp},
};

const LEASE: Duration = Duration::from_secs(60);
/// After so many failures a job is dead and visible in metrics: three quarters of an hour, and of mail, whose servers
/// are away for longer, six hours.
fn most_attempts(kind: &str) -> i64 {
    if kind == SEND_MAIL { 30 } else { 12 }
}

fn of(lane: Lane) -> Condition {
    match lane {
        Lane::All => Condition::all(),
        Lane::Outgoing => Condition::all()
            .add(job::Column::Kind.is_in(OUTGOING))
            .add(job::Column::Kind.is_not_in(DEPLOYING)),
        Lane::Deploying => Condition::all().add(job::Column::Kind.is_in(DEPLOYING)),
        Lane::Inside => Condition::all().add(job::Column::Kind.is_not_in(OUTGOING)),
    }
}

/// Nobody works on it.
fn free(now: Timestamp) -> Condition {
    Condition::any().add(job::Column::LeaseUntil.is_null()).add(job::Column::LeaseUntil.lt(now))
}

/// Claims the oldest job that is due.
async fn claim(state: &State, lane: Lane) -> Result<Option<job::Model>> {
    let now = state.clock.now();
    let mut oldest = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::State.eq(JobState::Queued))
        .filter(job::Column::RunAt.lte(now))
        .filter(free(now))
        .filter(of(lane))
        .order_by(job::Column::RunAt, Order::Asc)
        .limit(1)
        .into_query();
    if !state.db.is_sqlite() {
        oldest.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    // `=`, not `IN`: PostgreSQL may run the subquery of an `IN` once per row, and each run would
    // lock and claim another job, which nobody then works on until its lease lapses.
    let oldest = Expr::SubQuery(None, Box::new(SubQueryStatement::SelectStatement(oldest)));
    let txn = state.db.begin_write().await?;
    let claimed = job::Entity::update_many()
        .col_expr(job::Column::LeasedBy, Expr::value(holder()))
        .col_expr(job::Column::LeaseUntil, Expr::value(now.plus(LEASE)))
        .col_expr(job::Column::Attempts, Expr::col(job::Column::Attempts).add(1))
        .filter(Expr::col(job::Column::Id).eq(oldest))
        .filter(free(now))
        .exec_with_returning(&*txn)
        .await?;
    txn.commit().await?;
    Ok(claimed.into_iter().next())
}

/// Runs one due job of the lane, if there is one.
pub async fn run_one(state: &State, lane: Lane) -> Result<bool> {
    let Some(row) = take(state, lane).await? else { return Ok(false) };
    perform(state, row).await?;
    Ok(true)
}

/// Claims one due job of the lane, if there is one.
pub async fn take(state: &State, lane: Lane) -> Result<Option<job::Model>> {
    // A read first: an idle server writes nothing.
    match any_due(state, lane).await? {
        true => claim(state, lane).await,
        false => Ok(None),
    }
}

/// Runs a job that was claimed.
pub async fn perform(state: &State, row: job::Model) -> Result<()> {
    if row.attempts > most_attempts(&row.kind) {
        let outcome = Err(Error::internal("given up: the process ended each time that this ran"));
        return finish(state, &row, outcome).await;
    }
    let outcome = match serde_json::from_value::<Job>(row.payload.clone()) {
        Ok(job) => {
            let (job, inner) = (job.clone(), state.clone());
            // On a task of its own: a panic ends the job, not the worker.
            tokio::spawn(async move { job.run(&inner).await })
                .await
                .unwrap_or_else(|e| Err(Error::internal(e.to_string())))
        }
        Err(error) => Err(Error::internal(format!("unreadable job: {error}"))),
    };
    finish(state, &row, outcome).await
}

async fn any_due(state: &State, lane: Lane) -> Result<bool> {
    let now = state.clock.now();
    let due = job::Entity::find()
        .filter(job::Column::State.eq(JobState::Queued))
        .filter(job::Column::RunAt.lte(now))
        .filter(free(now))
        .filter(of(lane));
    Ok(due.limit(1).count(&*state.db).await? > 0)
}

async fn finish(state: &State, row: &job::Model, outcome: Result<()>) -> Result<()> {
    let now = state.clock.now();
    let hopeless = outcome.is_err() && row.attempts >= most_attempts(&row.kind);
    if hopeless && let Ok(job) = serde_json::from_value::<Job>(row.payload.clone()) {
        // Before the job is buried: if this fails too, it is tried again with it.
        job.give_up(state).await?;
    }
    let txn = state.db.begin_write().await?;
    match outcome {
        Ok(()) => {
            job::Entity::delete_by_id(row.id).exec(&*txn).await?;
        }
        Err(error) => {
            tracing::warn!(job.kind = %row.kind, job.id = %row.id, job.attempt = row.attempts, dead = hopeless, %error, "job failed");
            let delay = Duration::from_secs(1 << row.attempts.clamp(0, 10));
            job::Entity::update_many()
                .col_expr(
                    job::Column::State,
                    Expr::value(if hopeless { JobState::Dead } else { JobState::Queued }),
                )
                .col_expr(job::Column::RunAt, Expr::value(now.plus(delay)))
                .col_expr(job::Column::LeaseUntil, Expr::value(Option::<i64>::None))
                .col_expr(job::Column::LastError, Expr::value(error.to_string()))
                .filter(job::Column::Id.eq(row.id))
                .filter(job::Column::LeasedBy.eq(holder()))
                .exec(&*txn)
                .await?;
        }
    }
    txn.commit().await
}

/// Runs jobs until none is due; for tests and operator commands.
pub async fn drain(state: &State) -> Result<()> {
    while run_one(state, Lane::All).await? {}
    Ok(())
}
