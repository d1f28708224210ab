//! Killing the real server: a seeded mixed load, `kill -9` at a random moment, a restart, and
//! the question whether all that was acknowledged is there and nothing half of it. Knows how
//! to break and to look, not what a test wants; those are in `e2e/faults`.
pub mod instance;
pub mod ledger;
pub mod load;
pub mod random;
pub mod verdict;

pub use instance::{Instance, Server};
use load::{Shared, Worker};
use random::Random;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};
use tamis_entities::value::Role;

/// How hard to try.
pub struct Plan {
    pub seed: u64,
    pub cycles: u32,
    pub workers: usize,
    /// Fail points of every server of the run, as `FAILPOINTS` takes them.
    pub points: String,
}

/// What a run did and what it found wrong.
#[derive(Debug, Default)]
pub struct Outcome {
    pub acknowledged: u64,
    pub unknown: u64,
    pub published: usize,
    pub slowest_start: Duration,
    pub violations: Vec<String>,
}

/// The seed of this run: `TAMIS_TEST_SEED`, or a new one.
pub fn seed() -> u64 {
    match std::env::var("TAMIS_TEST_SEED") {
        Ok(text) => text.parse().expect("TAMIS_TEST_SEED is a number"),
        Err(_) => uuid::Uuid::new_v4().as_u64_pair().0,
    }
}

/// The count for CI, or that of a full run.
pub fn count(ci: u32, full: u32) -> u32 {
    if std::env::var("TAMIS_TEST_FULL").is_ok_and(|v| v == "1") { full } else { ci }
}

/// Runs the cycles, then judges what is left.
pub async fn run(plan: &Plan) -> Outcome {
    let instance = Instance::new().await;
    let mut random = Random::new(plan.seed);
    let shared = Arc::new(Shared::new(plan.seed));
    let mut workers = Vec::new();
    for number in 0..plan.workers {
        let author = instance.user(&format!("author{number}"), Role::User).await;
        let curator = instance.user(&format!("curator{number}"), Role::Curator).await;
        workers.push(Worker::new(random.next(), author, curator, shared.clone()));
    }
    let mut outcome = Outcome::default();
    for cycle in 0..plan.cycles {
        let server = instance.start(&[("FAILPOINTS", &plan.points)]).await;
        outcome.slowest_start = outcome.slowest_start.max(server.ready_in);
        workers = one_cycle(&instance, server, workers, &shared, &mut random, cycle).await;
    }
    let server = instance.start(&[]).await;
    for worker in &mut workers {
        worker.resolve().await;
    }
    let ledgers: Vec<_> = workers.iter().map(|w| &w.ledger).collect();
    outcome.published = ledgers.iter().map(|l| l.published()).sum();
    outcome.acknowledged = ledgers.iter().map(|l| l.acknowledged).sum();
    outcome.unknown = ledgers.iter().map(|l| l.unknown).sum();
    verdict::judge(&instance, &workers, &mut outcome.violations).await;
    outcome.violations.extend(workers.iter().flat_map(|w| w.ledger.violations.iter().cloned()));
    drop(server);
    outcome
}

/// Load until the kill; every third time with a collector beside the server that dies with it.
async fn one_cycle(
    instance: &Instance,
    mut server: Server,
    workers: Vec<Worker>,
    shared: &Shared,
    random: &mut Random,
    cycle: u32,
) -> Vec<Worker> {
    let killed = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = workers
        .into_iter()
        .map(|mut worker| {
            let killed = killed.clone();
            tokio::spawn(async move {
                worker.resolve().await;
                worker.work(&killed).await;
                worker
            })
        })
        .collect();
    let collector = cycle
        .is_multiple_of(3)
        .then(|| instance.command(&["gc", "--grace", "0s"]).spawn().expect("tamis gc"));
    // On a slow machine the moment would always come before the first answer.
    let wanted = shared.acknowledged.load(SeqCst) + [0, 1, 4, 10][(cycle % 4) as usize];
    eventually(Duration::from_secs(30), async || shared.acknowledged.load(SeqCst) >= wanted).await;
    tokio::time::sleep(Duration::from_millis(1 + random.below(500))).await;
    killed.store(true, SeqCst);
    server.kill();
    if let Some(mut collector) = collector {
        let _ = collector.kill();
        let _ = collector.wait();
    }
    instance.settle().await;
    let mut back = Vec::new();
    for task in tasks {
        back.push(task.await.expect("a worker does not panic"));
    }
    back
}

/// Waits until the condition holds; false when it does not in time.
pub async fn eventually(limit: Duration, mut holds: impl AsyncFnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < limit {
        if holds().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}
