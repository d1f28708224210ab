//! The checks that run before people decide, as a job: each on its own, within its time. One
//! that could not run is an error, and where it is required an error blocks as a failure does.
mod risk;
mod rules;
mod signatures;
mod subject;

use super::{
    act::{self, Current, Doer, Why},
    decide,
};
use crate::{
    auth::{
        access,
        caller::{Via, identity},
    },
    db::WriteTxn,
    error::Result,
    failpoint,
    modules::stopped,
    reviews,
    state::State,
};
use futures_util::future::join_all;
use rules::CHECKS;
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
pub use subject::compared_with;
use subject::{Subject, gather};
use tamis_entities::{
    namespace, review, review_check,
    value::{Addends, CheckResult, NamespaceKind, ReviewAct, ReviewAction, ReviewState, Sha256},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a check has to say.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CheckFinding {
    pub message: String,
    /// What the author can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

type Outcome = (CheckResult, Vec<CheckFinding>);

struct Check {
    id: &'static str,
    version: &'static str,
    run: fn(&Subject) -> Outcome,
}

/// The checks that a policy can name.
pub fn ids() -> Vec<&'static str> {
    CHECKS.iter().map(|c| c.id).collect()
}

/// One check, run or not.
struct Ran {
    check: &'static Check,
    outcome: Outcome,
    took: Duration,
}

fn broken(message: String) -> Outcome {
    let fix = Some("run the checks again; if it stays so, tell the operator".to_owned());
    (CheckResult::Error, vec![CheckFinding { message, fix }])
}

/// Off the threads that serve: a check may hang or panic, and takes nothing along.
async fn one(check: &'static Check, subject: Arc<Subject>, limit: Duration) -> Ran {
    let began = Instant::now();
    let work = tokio::task::spawn_blocking(move || match failpoint::is_seeded(failpoint::CHECK) {
        true => broken("a fail point stopped this check".into()),
        false => (check.run)(&subject),
    });
    let outcome = match tokio::time::timeout(limit, work).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => broken("the check broke off and said nothing".into()),
        Err(_) => broken(format!("the check took longer than {} s", limit.as_secs())),
    };
    Ran { check, outcome, took: began.elapsed() }
}

/// The job: runs every check, stores the results, and moves the review on.
pub async fn run(state: &State, id: Uuid) -> Result<()> {
    let Some(subject) = gather(state, id).await? else { return Ok(()) };
    let subject = Arc::new(subject);
    let limit = state.policy.check_timeout();
    let ran = join_all(CHECKS.iter().map(|check| one(check, subject.clone(), limit))).await;
    let txn = state.db.begin_write().await?;
    let mut now = act::current(&txn, id).await?;
    // Sent to be checked anew meanwhile: that run speaks for it.
    let (is, was) = (&now.review, &subject.review);
    if is.state != ReviewState::Checking || is.round != was.round || is.revision != was.revision {
        return Ok(());
    }
    if !still_asked(state, &txn, &now).await? {
        let reason = "who submitted it may not do so any more";
        reviews::supersede_open(state, &txn, reviews::Scope::Release(now.release.id), reason).await?;
        return txn.commit().await;
    }
    for ran in &ran {
        store(state, &txn, &now, ran).await?;
    }
    conclude(state, &txn, &mut now, &subject, &ran).await?;
    txn.commit().await
}

/// Whether who asked may still ask: they may have been removed since.
async fn still_asked(state: &State, txn: &WriteTxn<'_>, now: &Current) -> Result<bool> {
    let submitter = now.review.submitted_by;
    let namespace = namespace::Entity::find_by_id(submitter).one(&**txn).await?;
    if namespace.is_some_and(|n| n.kind == NamespaceKind::System) {
        return Ok(true);
    }
    let Some(who) = identity(&**txn, submitter, Via::Operator, None).await? else { return Ok(false) };
    Ok(access::Relation::of(&**txn, &who, &now.filter, state.clock.now()).await?.writes())
}

fn is_required(state: &State, now: &Current, check: &Check) -> bool {
    state.policy.requires(check.id, &now.namespace, now.review.action)
}

async fn store(state: &State, txn: &WriteTxn<'_>, now: &Current, ran: &Ran) -> Result<()> {
    let (result, findings) = &ran.outcome;
    let row = review_check::ActiveModel {
        review_id: Set(now.review.id),
        check_id: Set(ran.check.id.to_owned()),
        required: Set(is_required(state, now, ran.check)),
        result: Set(*result),
        findings: Set(serde_json::to_value(findings)?),
        ran_at: Set(state.clock.now()),
        duration_ms: Set(i64::try_from(ran.took.as_millis()).unwrap_or(i64::MAX)),
        version: Set(ran.check.version.to_owned()),
    };
    use review_check::Column::*;
    let again = OnConflict::columns([ReviewId, CheckId])
        .update_columns([Required, Result, Findings, RanAt, DurationMs, Version])
        .to_owned();
    review_check::Entity::insert(row).on_conflict(again).exec_without_returning(&**txn).await?;
    Ok(())
}

/// What the deciders will have seen, as one hash: results with findings, and the report.
fn evidence(subject: &Subject, ran: &[Ran]) -> Result<Sha256> {
    let checks: Vec<_> = ran
        .iter()
        .map(|r| json!({"id": r.check.id, "version": r.check.version, "result": r.outcome.0, "findings": r.outcome.1}))
        .collect();
    let mut all = json!({"checks": checks, "report": serde_json::to_value(&subject.report)?});
    all.sort_all_objects();
    Ok(Sha256::of(all.to_string().as_bytes()))
}

async fn conclude(
    state: &State,
    txn: &WriteTxn<'_>,
    now: &mut Current,
    subject: &Subject,
    ran: &[Ran],
) -> Result<()> {
    use CheckResult::*;
    let passed = |r: &Ran| matches!(r.outcome.0, Pass | Warn | NotApplicable);
    let blocking: Vec<_> =
        ran.iter().filter(|r| is_required(state, now, r.check) && !passed(r)).map(|r| r.check.id).collect();
    let addends = risk::addends(subject);
    let power = !rules::new_powers(subject).is_empty();
    let review = &now.review;
    let mut quorum = state.policy.votes(&now.namespace, review.action, review.first_publication, power);
    // What a curator has stopped, as whatever release, nobody publishes alone.
    if review.action == ReviewAction::Publish && stopped::is_stopped(state, &review.sha256).await? {
        quorum = quorum.max(1);
    }
    let evidence = evidence(subject, ran)?;
    let act = if blocking.is_empty() { ReviewAct::ChecksPass } else { ReviewAct::ChecksBlock };
    let doer = Doer::System("checks");
    let why = Why { detail: json!({"blocking": blocking}), ..Why::default() };
    act::make(state, txn, now, doer, act, why, |row| {
        row.quorum = Set(quorum);
        row.evidence = Set(Some(evidence));
        row.policy = Set(Some(state.policy.version.clone()));
        row.risk = Set(addends.iter().map(|a| a.points).sum());
        row.addends = Set(Some(Addends(addends)));
    })
    .await?;
    // A vote that came while the checks ran was kept, and counts now.
    if blocking.is_empty() { decide::settle(state, txn, now, doer).await } else { Ok(()) }
}

/// The job was given up: the checks could not run, which is an error of each of them.
pub async fn give_up(state: &State, id: Uuid) -> Result<()> {
    if review::Entity::find_by_id(id).one(&*state.db).await?.is_none() {
        return Ok(());
    }
    let txn = state.db.begin_write().await?;
    let mut now = act::current(&txn, id).await?;
    if now.review.state != ReviewState::Checking {
        return Ok(());
    }
    for check in CHECKS {
        let outcome = broken("the checks could not run to their end".into());
        store(state, &txn, &now, &Ran { check, outcome, took: Duration::ZERO }).await?;
    }
    let reason = Some("the checks could not run".to_owned());
    let why = Why { reason, ..Why::default() };
    // What nobody looked at is not put before curators as if somebody had; to take something down needs no look.
    let doer = Doer::System("checks");
    let block = now.review.action != ReviewAction::Unpublish;
    let act = if block { ReviewAct::ChecksBlock } else { ReviewAct::ChecksPass };
    act::make(state, &txn, &mut now, doer, act, why, |_| {}).await?;
    if !block {
        decide::settle(state, &txn, &mut now, doer).await?;
    }
    txn.commit().await
}
