//! `kill -9` at random moments of a mixed load, and the proof that the checks can fail.
use std::time::Duration;
use tamis_e2e::crash::{Plan, count, run, seed};

const WORKERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_however_often_the_server_is_killed() {
    let plan = Plan { seed: seed(), cycles: count(25, 200), workers: WORKERS, points: String::new() };
    println!("seed {}; TAMIS_TEST_SEED={} repeats it", plan.seed, plan.seed);
    let outcome = run(&plan).await;
    println!(
        "{} kills: {} acknowledged, {} unknown and resolved, {} published, slowest start {:?}",
        plan.cycles, outcome.acknowledged, outcome.unknown, outcome.published, outcome.slowest_start
    );
    assert!(outcome.violations.is_empty(), "seed {}: {:#?}", plan.seed, outcome.violations);
    assert!(outcome.slowest_start < Duration::from_secs(20), "{:?}", outcome.slowest_start);
    assert!(outcome.acknowledged > u64::from(plan.cycles), "the load did nothing: {outcome:?}");
    assert!(outcome.published > 0 && outcome.unknown > 0, "the load missed something: {outcome:?}");
}

/// A check that cannot fail proves nothing: when each server acknowledges its first two uploads and never
/// commits it, that must be told as a loss.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_acknowledged_before_its_commit_is_reported_as_lost() {
    let points = format!("{}=2*return->off", tamis::failpoint::ACK_BEFORE_COMMIT);
    let plan = Plan { seed: seed(), cycles: 5, workers: WORKERS, points };
    let outcome = run(&plan).await;
    let lost = outcome.violations.iter().filter(|v| v.starts_with("lost: ")).count();
    println!(
        "seeded mistake, seed {}: {} losses told of {} acknowledged",
        plan.seed, lost, outcome.acknowledged
    );
    assert!(lost > 0, "seed {}: nothing was missed: {outcome:?}", plan.seed);
}
