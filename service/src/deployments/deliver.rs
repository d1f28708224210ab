//! The job that brings one target to what is wanted of it: item by item in the order in which they were wanted,
//! the newest state of each, by one worker at a time. What stands in the way of the target stands in the way of
//! all its items, so nothing overtakes; other targets do not notice.
use super::{
    act::{What, what},
    record::{self, Standing, Try},
};
use crate::{
    clock,
    error::Result,
    jobs::{self, Job},
    state::State,
    targets::{
        kinds,
        lease::{self, Held},
        line::{Failure, Line, Next, TURN},
    },
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use std::time::{Duration, Instant};
use tamis_entities::{
    deployment, target,
    value::{DeploymentAct, DeploymentState},
};
use uuid::Uuid;

/// How a turn ended.
enum Turn {
    /// Nothing is left, or time is up.
    Over,
    Failed(Failure),
    /// Somebody else has the target now.
    Lost,
}

pub async fn run(state: &State, target: Uuid) -> Result<()> {
    let waits = deployment::Entity::find()
        .filter(deployment::Column::TargetId.eq(target))
        .filter(deployment::Column::State.eq(DeploymentState::Waiting));
    let due = target::Entity::find_by_id(target).filter(target::Column::DueAt.is_not_null());
    let due = due.one(&*state.db).await?.and_then(|target| target.due_at);
    if waits.count(&*state.db).await? == 0 && due.is_none() {
        return Ok(());
    }
    // Another job is there for that moment.
    let now = state.clock.now();
    if due.is_some_and(|at| at > now) {
        return Ok(());
    }
    // Whoever has it looks again before they give it back.
    let Some((target, held)) = lease::take(state, target).await? else { return Ok(()) };
    if target.paused || target.retry_at.is_some_and(|at| at > now) {
        return settle(state, &held, Turn::Over).await;
    }
    let turn = work(state, &held).await;
    let turn = turn.unwrap_or_else(|error| Turn::Failed(Failure::from(error)));
    settle(state, &held, turn).await
}

async fn work(state: &State, held: &Held) -> Result<Turn> {
    let begun = Instant::now();
    while begun.elapsed() < TURN {
        let mine = target::Entity::find().filter(held.still()).one(&*state.db).await?;
        let Some(mine) = mine else { return Ok(Turn::Lost) };
        if mine.paused {
            break;
        }
        let Some(row) = next(state, mine.id).await? else { break };
        // As the target is now: it may have been changed since this turn began.
        match deliver(state, &mine, held, row).await? {
            None => {}
            Some(failure) if failure.next == Next::Lost => return Ok(Turn::Lost),
            Some(failure) => return Ok(Turn::Failed(failure)),
        }
    }
    Ok(Turn::Over)
}

async fn next(state: &State, target: Uuid) -> Result<Option<deployment::Model>> {
    let waiting = deployment::Entity::find()
        .filter(deployment::Column::TargetId.eq(target))
        .filter(deployment::Column::State.eq(DeploymentState::Waiting));
    let first = waiting.order_by_asc(deployment::Column::WantedAt).order_by_asc(deployment::Column::Id);
    Ok(first.one(&*state.db).await?)
}

/// One item. None: it is done with, one way or another.
async fn deliver(
    state: &State,
    target: &target::Model,
    held: &Held,
    row: deployment::Model,
) -> Result<Option<Failure>> {
    let kind = kinds::of(target.kind);
    let mut line = Line::open(state, target, Some(held))?;
    let (begun, at) = (Instant::now(), state.clock.now());
    let what = match what(state, target, &row).await? {
        Ok(what) => what,
        Err(why) => {
            record::block(state, held, &row, &why).await?;
            return Ok(None);
        }
    };
    let (act, outcome) = match what {
        What::Nothing => {
            record::confirm(state, held, &row).await?;
            return Ok(None);
        }
        What::Lost(why) => {
            record::give_up(state, held, &row, &why).await?;
            return Ok(None);
        }
        What::Removal(removal, secret) => {
            if secret {
                line.hidden.add_addresses(&removal.sent);
            }
            (DeploymentAct::Remove, kind.remove(&mut line, &removal).await)
        }
        What::Item(item) => {
            let sent = kind.sent(&item);
            match record::remember(state, held, &row, &item, &sent).await? {
                Standing::Lost => return Ok(Some(Failure::lost())),
                Standing::Outdated => return Ok(None),
                Standing::Current => {}
            }
            if !item.public {
                line.hidden.add_addresses(&item.url.clone().into());
            }
            (DeploymentAct::Deploy, kind.deploy(&mut line, &item).await)
        }
    };
    let (exchanges, status) = (std::mem::take(&mut line.exchanges), line.status);
    let one = Try { act, at, took: begun.elapsed(), exchanges, status };
    record::note(state, target, held, &row, one, outcome.as_ref().err()).await?;
    Ok(outcome.err().filter(|failure| failure.next != Next::Never))
}

/// Gives the target back: when it is looked at next, and what people see of how it is.
async fn settle(state: &State, held: &Held, turn: Turn) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let mine = target::Entity::find().filter(held.still()).lock_exclusive().one(&*txn).await?;
    let Some(target) = mine.filter(|_| !matches!(turn, Turn::Lost)) else {
        drop(txn);
        return record::doubt(state, held.target).await;
    };
    let now = state.clock.now();
    let mut change = target::ActiveModel { id: Set(target.id), lease_until: Set(None), ..Default::default() };
    let mut again = target.retry_at.filter(|at| *at > now);
    if let Turn::Failed(failure) = &turn {
        let failures = target.failures + 1;
        let at = now.plus(pause(state, failures)?.max(failure.wait.unwrap_or_default()));
        again = Some(at);
        change.failures = Set(failures);
        change.failing_since = Set(target.failing_since.or(Some(now)));
        change.last_error = Set(Some(failure.words.clone()));
        if failure.status.is_some() {
            change.last_contact_at = Set(Some(now));
        }
    }
    if !target.paused {
        record::bury_old(state, &txn, &target).await?;
    }
    // What was wanted since then finds the row locked, and comes after this.
    let waiting = deployment::Entity::find()
        .filter(deployment::Column::TargetId.eq(target.id))
        .filter(deployment::Column::State.eq(DeploymentState::Waiting));
    let due = (!target.paused && waiting.count(&*txn).await? > 0).then(|| again.unwrap_or(now));
    change.retry_at = Set(again);
    change.due_at = Set(due);
    target::Entity::update(change).exec(&*txn).await?;
    if let Some(due) = due {
        jobs::enqueue_at(&*txn, &state.clock, &Job::Deploy { target: target.id }, due).await?;
    }
    txn.commit().await
}

/// Doubles with each failure in a row, up to a cap, and is spread.
fn pause(state: &State, failures: i64) -> Result<Duration> {
    let args = &state.serve.deploy;
    let doublings = u32::try_from(failures.clamp(1, 30) - 1).unwrap_or(0);
    let longest = args.deploy_pause_ms.saturating_mul(1 << doublings);
    clock::spread(Duration::from_millis(longest.min(args.deploy_longest_pause * 1000)))
}
