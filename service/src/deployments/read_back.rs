//! Comparing what a target lists with what is wanted of it, now and then and on request. Changes nothing there, and
//! gives way to whatever is to be delivered.
use crate::{
    error::Result,
    jobs::{self, Job},
    state::State,
    targets::{
        kinds::{self, Expected, Found},
        lease::{self, Held},
        line::{Failure, Line, TURN},
    },
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect,
    sea_query::NullOrdering,
};
use std::{collections::HashMap, time::Instant};
use tamis_entities::{
    deployment, module, target,
    value::{DeploymentState, Reported, Sha256},
};
use uuid::Uuid;

/// What came of a look.
#[derive(Default)]
struct Look {
    /// The target said something, whatever it was.
    answered: bool,
    compared: usize,
    /// Some are left for another look.
    cut: bool,
    failed: Option<Failure>,
}

pub async fn run(state: &State, target: Uuid) -> Result<()> {
    let Some((target, held)) = lease::take(state, target).await? else { return Ok(()) };
    let mut look = Look::default();
    if let Err(error) = round(state, &target, &held, &mut look).await {
        look.failed = Some(Failure::from(error));
    }
    give_back(state, &held, look).await
}

/// What was not compared since this round began, what was looked at longest ago first.
async fn left(state: &State, target: &target::Model) -> Result<Vec<deployment::Model>> {
    use deployment::Column::{Id, ReportedAt};
    let since = target.round_at.map(|at| Condition::any().add(ReportedAt.is_null()).add(ReportedAt.lt(at)));
    let rows = deployment::Entity::find()
        .filter(deployment::Column::TargetId.eq(target.id))
        .filter(deployment::Column::State.eq(DeploymentState::Deployed))
        .filter(Condition::all().add_option(since))
        .order_by_with_nulls(ReportedAt, Order::Asc, NullOrdering::First)
        .order_by_asc(Id);
    Ok(rows.all(&*state.db).await?)
}

async fn sizes(state: &State, rows: &[deployment::Model]) -> Result<HashMap<Sha256, i64>> {
    let digests = rows.iter().filter_map(|row| row.confirmed_sha256.clone());
    let rows = module::Entity::find().filter(module::Column::Sha256.is_in(digests)).all(&*state.db).await?;
    Ok(rows.into_iter().map(|row| (row.sha256, row.size)).collect())
}

async fn round(state: &State, target: &target::Model, held: &Held, look: &mut Look) -> Result<()> {
    let begun = Instant::now();
    let kind = kinds::of(target.kind);
    let mut line = Line::open(state, target, None)?;
    let rows = left(state, target).await?;
    let sizes = sizes(state, &rows).await?;
    for row in rows {
        let mine = target::Entity::find().filter(held.still()).one(&*state.db).await?;
        let Some(mine) = mine else { return Ok(()) };
        if mine.due_at.is_some() || begun.elapsed() > TURN {
            look.cut = true;
            return Ok(());
        }
        let (Ok(Some((sent, secret))), Some(sha256)) =
            (super::record::sent(state, &row), row.confirmed_sha256.clone())
        else {
            continue;
        };
        if secret {
            line.hidden.add_addresses(&sent);
        }
        let size = sizes.get(&sha256).copied().unwrap_or_default();
        let expected = Expected { deployment: row.id, sent, sha256, size };
        let found = kind.read_back(&mut line, &expected).await;
        look.answered |= line.status.is_some();
        line.exchanges.clear();
        match found {
            Ok(Some(found)) => {
                keep(state, &row, found).await?;
                look.compared += 1;
            }
            Ok(None) => {}
            // The others may be well.
            Err(failure) if failure.status.is_some() => look.failed = Some(failure),
            Err(failure) => {
                look.failed = Some(failure);
                return Ok(());
            }
        }
        // Many filters take a while.
        if !held.renew(state).await? {
            return Ok(());
        }
    }
    Ok(())
}

async fn keep(state: &State, row: &deployment::Model, found: Found) -> Result<()> {
    let now = state.clock.now();
    let drifted = (found.reported != Reported::InStep).then(|| row.drifted_at.unwrap_or(now));
    let change = deployment::ActiveModel {
        reported: Set(Some(found.reported)),
        reported_as: Set(found.words),
        reported_at: Set(Some(now)),
        drifted_at: Set(drifted),
        ..Default::default()
    };
    let txn = state.db.begin_write().await?;
    deployment::Entity::update_many()
        .set(change)
        .filter(deployment::Column::Id.eq(row.id))
        // Of what was wanted when the target was asked.
        .filter(deployment::Column::Revision.eq(row.revision))
        .filter(deployment::Column::State.eq(DeploymentState::Deployed))
        .exec(&*txn)
        .await?;
    txn.commit().await
}

async fn give_back(state: &State, held: &Held, look: Look) -> Result<()> {
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    let mine = target::Entity::find().filter(held.still()).lock_exclusive().one(&*txn).await?;
    let Some(target) = mine else { return Ok(()) };
    let mut change = target::ActiveModel { id: Set(target.id), lease_until: Set(None), ..Default::default() };
    if look.answered {
        change.last_contact_at = Set(Some(now));
    }
    match look.failed {
        Some(failure) => change.last_error = Set(Some(failure.words)),
        None if look.answered => {
            if !look.cut {
                change.read_at = Set(Some(now));
            }
            // What stands in the way of a delivery stays said.
            if target.failures == 0 {
                change.last_error = Set(None);
            }
        }
        None => {}
    }
    target::Entity::update(change).exec(&*txn).await?;
    if let Some(due) = target.due_at {
        // The job of what was wanted meanwhile found the target taken.
        let job = Job::Deploy { target: held.target };
        jobs::enqueue_at(&*txn, &state.clock, &job, due.max(now)).await?;
    }
    if look.cut && (look.compared > 0 || target.due_at.is_some()) {
        let job = Job::ReadBack { target: held.target };
        jobs::enqueue_at(&*txn, &state.clock, &job, now.plus(TURN)).await?;
    }
    txn.commit().await
}
