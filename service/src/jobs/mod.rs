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
use tamis_entities::{
    job,
    value::{JobState, Timestamp},
};
use uuid::Uuid;

/// Everything that is done by jobs. A new kind is a variant here and an arm in `run`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    /// Runs the checks of a review.
    CheckReview { review: Uuid },
    /// Brings search and catalog up to date after a namespace was renamed.
    IndexNamespace { namespace: Uuid },
    /// Tells everyone concerned of an event.
    Tell { event: Uuid },
    /// Sends one message to a webhook.
    SendWebhook { delivery: Uuid },
    /// Mails somebody what is new in their inbox.
    SendMail { user: Uuid },
    /// Brings a target to what is wanted of it.
    Deploy { target: Uuid },
    /// Compares what a target lists with what is wanted of it.
    ReadBack { target: Uuid },
    /// Wants of targets what their rules pick: one rule for all filters, or all rules for one filter.
    FollowRules { filter: Option<Uuid>, rule: Option<Uuid> },
}

/// Which jobs a worker takes. What goes out may wait for somebody else's server, and must hold up
/// nothing of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    Inside,
    Outgoing,
    /// To targets, of which each may take long and many may be away.
    Deploying,
    All,
}

/// The kinds that wait for somebody else's server.
pub const OUTGOING: [&str; 4] = ["send_webhook", SEND_MAIL, "deploy", "read_back"];
const SEND_MAIL: &str = "send_mail";
pub const DEPLOYING: [&str; 2] = ["deploy", "read_back"];

impl Job {
    fn kind(&self) -> &'static str {
        match self {
            Job::CheckReview { .. } => "check_review",
            Job::IndexNamespace { .. } => "index_namespace",
            Job::Tell { .. } => "tell",
            Job::SendWebhook { .. } => "send_webhook",
            Job::SendMail { .. } => SEND_MAIL,
            Job::Deploy { .. } => "deploy",
            Job::ReadBack { .. } => "read_back",
            Job::FollowRules { .. } => "follow_rules",
        }
    }

    pub async fn run(&self, state: &State) -> Result<()> {
        match self {
            Job::CheckReview { review } => crate::reviews::checks::run(state, *review).await,
            Job::IndexNamespace { namespace } => crate::filters::reindex(state, *namespace).await,
            Job::Tell { event } => crate::notify::tell::run(state, *event).await,
            Job::SendWebhook { delivery } => crate::webhooks::send::run(state, *delivery).await,
            Job::SendMail { user } => crate::notify::mail::run(state, *user).await,
            Job::Deploy { target } => crate::deployments::deliver::run(state, *target).await,
            Job::ReadBack { target } => crate::deployments::read_back::run(state, *target).await,
            Job::FollowRules { filter, rule } => {
                crate::deployments::follow::follow(state, *filter, *rule).await
            }
        }
    }
}

impl Job {
    /// It failed for the last time: what waits for it must not wait for ever.
    pub async fn give_up(&self, state: &State) -> Result<()> {
        match self {
            Job::CheckReview { review } => crate::reviews::checks::give_up(state, *review).await,
            Job::SendWebhook { delivery } => crate::webhooks::send::give_up(state, *delivery).await,
            Job::SendMail { user } => crate::notify::mail::forget(state, *user).await,
            // Another turn comes round by itself.
            Job::Deploy { .. } | Job::ReadBack { .. } => Ok(()),
            Job::IndexNamespace { .. } | Job::Tell { .. } | Job::FollowRules { .. } => Ok(()),
        }
    }
}

pub async fn enqueue<C: ConnectionTrait>(txn: &C, clock: &Clock, job: &Job) -> Result<()> {
    enqueue_at(txn, clock, job, clock.now()).await
}

/// Not before that moment.
pub async fn enqueue_at<C: ConnectionTrait>(
    txn: &C,
    clock: &Clock,
    job: &Job,
    run_at: Timestamp,
) -> Result<()> {
    job::Entity::insert(row(clock, job, run_at)?).exec_without_returning(txn).await?;
    Ok(())
}

/// Many in one statement.
pub async fn enqueue_all<C: ConnectionTrait>(txn: &C, clock: &Clock, jobs: &[Job]) -> Result<()> {
    let now = clock.now();
    let rows = jobs.iter().map(|job| row(clock, job, now)).collect::<Result<Vec<_>>>()?;
    if !rows.is_empty() {
        job::Entity::insert_many(rows).exec_without_returning(txn).await?;
    }
    Ok(())
}

fn row(clock: &Clock, job: &Job, run_at: Timestamp) -> Result<job::ActiveModel> {
    Ok(job::ActiveModel {
        id: Set(Uuid::now_v7()),
        kind: Set(job.kind().to_owned()),
        payload: Set(serde_json::to_value(job)?),
        state: Set(JobState::Queued),
        attempts: Set(0),
        run_at: Set(run_at),
        leased_by: Set(None),
        lease_until: Set(None),
        last_error: Set(None),
        created_at: Set(clock.now()),
    })
}
