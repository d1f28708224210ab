//! The background of a server: jobs as they come, and the periodic duties. Each duty is
//! safe on every replica at once; leases decide who does it.
use super::{Lane, queue};
use crate::{
    audit, capability_urls, catalog, counts, deployments,
    error::Result,
    http::{health, idempotency},
    meshery, modules, notify, oauth, publishing, registry, reviews, sign_in,
    state::State,
    webhooks,
};
use std::{future::Future, time::Duration};
use tokio::{sync::watch, task::JoinSet, time};

pub struct Background {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Background {
    /// Lets what is running finish, for a moment; a job that does not is claimed again after its lease.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _ = time::timeout(Duration::from_secs(10), all).await;
    }
}

pub fn spawn(state: State) -> Background {
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(work(state.clone(), stopped.clone()));
    for _ in 0..SENDERS {
        tasks.spawn(send(state.clone(), stopped.clone()));
    }
    tasks.spawn(deploy(state.clone(), stopped.clone()));
    let every = |seconds| Duration::from_secs(seconds);
    tasks.spawn(repeat("audit-seal", every(1), state.clone(), stopped.clone(), |s| async move {
        audit::chain::seal(&s).await.map(|_| ())
    }));
    tasks.spawn(repeat("counts", every(5), state.clone(), stopped.clone(), |s| async move {
        counts::flush::flush(&s).await
    }));
    tasks.spawn(repeat("gc", every(600), state.clone(), stopped.clone(), |s| async move {
        modules::gc::scheduled(&s).await
    }));
    tasks.spawn(repeat("catalog-facets", every(60), state.clone(), stopped.clone(), |s| async move {
        catalog::facets::fill(&s).await
    }));
    tasks.spawn(repeat("release-forms", every(60), state.clone(), stopped.clone(), |s| async move {
        registry::forms::fill(&s).await
    }));
    tasks.spawn(repeat("review-times", every(60), state.clone(), stopped.clone(), |s| async move {
        reviews::times::scheduled(&s).await
    }));
    tasks.spawn(repeat("capability-urls", every(3600), state.clone(), stopped.clone(), |s| async move {
        capability_urls::warn::scheduled(&s).await
    }));
    tasks.spawn(repeat("deployments", every(5), state.clone(), stopped.clone(), |s| async move {
        deployments::sweep::scheduled(&s).await
    }));
    tasks.spawn(repeat("metrics", every(5), state.clone(), stopped.clone(), |_| async move {
        health::upkeep();
        Ok(())
    }));
    tasks.spawn(repeat("expiry", every(3600), state, stopped, |s| async move { forget_expired(&s).await }));
    Background { stop, tasks }
}

/// Messages on their way at once; a receiver that does not answer holds up one of them.
const SENDERS: usize = 4;

async fn work(state: State, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        match queue::run_one(&state, Lane::Inside).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the job queue cannot be read"),
        }
        tokio::select! {
            _ = state.jobs.wait() => {}
            _ = time::sleep(Duration::from_secs(1)) => {}
            _ = stopped.changed() => {}
        }
    }
}

/// The same for what goes out, which nobody waits for at this very moment.
async fn send(state: State, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        match queue::run_one(&state, Lane::Outgoing).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the job queue cannot be read"),
        }
        tokio::select! {
            _ = time::sleep(Duration::from_secs(1)) => {}
            _ = stopped.changed() => {}
        }
    }
}

/// Targets that are spoken to at once, by each process. One that does not answer holds up its own task only.
const TARGETS: usize = 64;

/// One loop that claims, a task for each target.
async fn deploy(state: State, mut stopped: watch::Receiver<bool>) {
    let mut turns = JoinSet::new();
    while !*stopped.borrow() {
        while turns.try_join_next().is_some() {}
        let full = turns.len() >= TARGETS;
        match if full { Ok(None) } else { queue::take(&state, Lane::Deploying).await } {
            Ok(Some(job)) => {
                let state = state.clone();
                turns.spawn(async move {
                    if let Err(error) = queue::perform(&state, job).await {
                        tracing::warn!(%error, "a deployment job cannot be finished");
                    }
                });
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "the job queue cannot be read"),
        }
        tokio::select! {
            () = state.deploying.wait() => {}
            Some(_) = turns.join_next() => {}
            () = time::sleep(Duration::from_millis(500)) => {}
            _ = stopped.changed() => {}
        }
    }
    while turns.join_next().await.is_some() {}
}

async fn repeat<F, Fut>(
    name: &'static str,
    period: Duration,
    state: State,
    mut stopped: watch::Receiver<bool>,
    duty: F,
) where
    F: Fn(State) -> Fut,
    Fut: Future<Output = crate::error::Result<()>>,
{
    loop {
        tokio::select! {
            _ = time::sleep(period) => {}
            _ = stopped.changed() => return,
        }
        if let Err(error) = duty(state.clone()).await {
            tracing::warn!(duty = name, %error, "a periodic duty failed and will be tried again");
        }
    }
}

/// Rows that have outlived their use.
async fn forget_expired(state: &State) -> Result<()> {
    sign_in::session::forget_expired(state).await?;
    oauth::forget_expired(state).await?;
    meshery::sessions::forget_expired(state).await?;
    publishing::forget_expired(state).await?;
    notify::forget_expired(state).await?;
    capability_urls::forget_expired(state).await?;
    webhooks::deliver::forget_expired(state).await?;
    deployments::sweep::forget_expired(state).await?;
    registry::uploads::forget_expired(state).await?;
    idempotency::forget_expired(state).await
}
