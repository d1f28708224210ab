//! Work after the fact, in the database: enqueued in the transaction that causes it,
//! claimed under a lease, retried with backoff, buried visibly when hopeless. A job may
//! run twice; each is written so that it does not matter.
pub mod lease;
pub mod queue;
pub mod wakeup;
pub mod worker;

use crate::{clock::Clock, error::Result, state::State};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use serde::{Deserialize, Serialize};
use tamis_entities::{job, value::JobState};
use uuid::Uuid;

/// Everything that is done by jobs. A new kind is a variant here and an arm in `run`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    /// Runs the checks of a review.
    CheckReview { review: Uuid },
    /// Brings search and catalog up to date after a namespace was renamed.
    IndexNamespace { namespace: Uuid },
}

impl Job {
    fn kind(&self) -> &'static str {
        match self {
            Job::CheckReview { .. } => "check_review",
            Job::IndexNamespace { .. } => "index_namespace",
        }
    }

    pub async fn run(&self, state: &State) -> Result<()> {
        match self {
            Job::CheckReview { review } => crate::reviews::checks::run(state, *review).await,
            Job::IndexNamespace { namespace } => crate::filters::reindex(state, *namespace).await,
        }
    }
}

impl Job {
    /// It failed for the last time: what waits for it must not wait for ever.
    pub async fn give_up(&self, state: &State) -> Result<()> {
        match self {
            Job::CheckReview { review } => crate::reviews::checks::give_up(state, *review).await,
            Job::IndexNamespace { .. } => Ok(()),
        }
    }
}

pub async fn enqueue<C: ConnectionTrait>(txn: &C, clock: &Clock, job: &Job) -> Result<()> {
    let now = clock.now();
    let row = job::ActiveModel {
        id: Set(Uuid::now_v7()),
        kind: Set(job.kind().to_owned()),
        payload: Set(serde_json::to_value(job)?),
        state: Set(JobState::Queued),
        attempts: Set(0),
        run_at: Set(now),
        leased_by: Set(None),
        lease_until: Set(None),
        last_error: Set(None),
        created_at: Set(now),
    };
    job::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}
