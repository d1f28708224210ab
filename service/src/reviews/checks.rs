//! The checks that run before people decide: small functions over the release and its
//! report. One that could not run is an error, and an error blocks as a failure does.
use super::decide;
use crate::{
    audit::{self, Actor},
    auth::{
        access,
        caller::{Via, identity},
    },
    db::WriteTxn,
    error::Result,
    modules::store,
    reviews,
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tamis_entities::{
    filter, namespace, release, review, review_check,
    value::{CheckResult, Metadata, NamespaceKind, ReviewState},
};
use tamis_verification::{Report, Severity, Verdict};
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

struct Subject<'a> {
    filter: &'a filter::Model,
    metadata: &'a Metadata,
    report: &'a Report,
}

type Outcome = (CheckResult, Vec<CheckFinding>);

struct Check {
    id: &'static str,
    required: bool,
    run: fn(&Subject<'_>) -> Outcome,
}

/// In the order that people read them. A new check is a line here and a function below.
const CHECKS: &[Check] = &[
    Check { id: "verification", required: true, run: verification },
    Check { id: "hosts", required: true, run: hosts },
    Check { id: "licence", required: false, run: licence },
    Check { id: "readme", required: false, run: readme },
    Check { id: "summary", required: false, run: summary },
    Check { id: "source", required: false, run: source },
];

fn verification(s: &Subject<'_>) -> Outcome {
    let result = match s.report.verdict {
        Verdict::Pass => CheckResult::Pass,
        Verdict::Warn => CheckResult::Warn,
        Verdict::Fail => CheckResult::Fail,
        Verdict::Error => CheckResult::Error,
    };
    let told = s.report.findings.iter().filter(|f| f.severity != Severity::Info).take(50);
    (result, told.map(|f| CheckFinding { message: f.message.clone(), fix: f.fix.clone() }).collect())
}

fn hosts(s: &Subject<'_>) -> Outcome {
    let envoys = || s.report.hosts.iter().filter(|h| h.host == "envoy");
    if envoys().any(|h| h.loads) {
        return (CheckResult::Pass, vec![]);
    }
    let told = envoys().map(|h| CheckFinding {
        message: format!(
            "Envoy {} does not load it: {}",
            h.versions,
            h.reason.as_deref().unwrap_or("no reason known")
        ),
        fix: None,
    });
    (CheckResult::Fail, told.collect())
}

fn present(there: bool, message: &str, fix: &str) -> Outcome {
    match there {
        true => (CheckResult::Pass, vec![]),
        false => (CheckResult::Warn, vec![CheckFinding { message: message.into(), fix: Some(fix.into()) }]),
    }
}

fn licence(s: &Subject<'_>) -> Outcome {
    present(s.metadata.licence.is_some(), "no licence is given", "set `licence` to an SPDX expression")
}

fn readme(s: &Subject<'_>) -> Outcome {
    let there = s.metadata.readme.as_ref().is_some_and(|t| !t.trim().is_empty());
    present(there, "there is no README", "say in `readme` what the filter does and how it is configured")
}

fn summary(s: &Subject<'_>) -> Outcome {
    present(!s.filter.summary.trim().is_empty(), "there is no summary", "set `summary` to one sentence")
}

fn source(s: &Subject<'_>) -> Outcome {
    present(s.filter.source_repository.is_some(), "no source repository is given", "set `source_repository`")
}

/// Whether who asked may still ask: they may have been removed since.
async fn still_asked(
    state: &State,
    txn: &WriteTxn<'_>,
    filter: &filter::Model,
    review: &review::Model,
) -> Result<bool> {
    let namespace = namespace::Entity::find_by_id(review.submitted_by).one(&**txn).await?;
    if namespace.is_some_and(|n| n.kind == NamespaceKind::System) {
        return Ok(true);
    }
    let Some(who) = identity(&**txn, review.submitted_by, Via::Operator, None).await? else {
        return Ok(false);
    };
    Ok(access::Relation::of(&**txn, &who, filter, state.clock.now()).await?.writes())
}

async fn end_unasked(state: &State, txn: WriteTxn<'_>, review: &review::Model) -> Result<()> {
    reviews::supersede_open(state, &txn, reviews::Scope::Release(review.release_id)).await?;
    let detail = json!({"review": review.id, "reason": "who submitted it may not do so any more"});
    let object = format!("review:{}", review.id);
    audit::record(&*txn, &state.clock, &Actor::system("checks"), "review.end", object, detail).await?;
    txn.commit().await
}

/// The job: runs every check, stores the results, and moves the review on.
pub async fn run(state: &State, id: Uuid) -> Result<()> {
    let Some(review) = review::Entity::find_by_id(id).one(&*state.db).await? else { return Ok(()) };
    if review.state != ReviewState::Checking {
        return Ok(());
    }
    let filter = filter::Entity::find_by_id(review.filter_id).one(&*state.db).await?;
    let release = release::Entity::find_by_id(review.release_id).one(&*state.db).await?;
    let (Some(filter), Some(release)) = (filter, release) else { return Ok(()) };
    let metadata = review.proposed.as_ref().unwrap_or(&release.metadata);
    let report = store::report_of(state, &release.sha256, metadata.plugin_type).await?;
    let subject = Subject { filter: &filter, metadata, report: &report };
    let results: Vec<_> = CHECKS.iter().map(|check| (check, (check.run)(&subject))).collect();

    let txn = state.db.begin_write().await?;
    access::lock_filter(&*txn, filter.id).await?;
    if !still_asked(state, &txn, &filter, &review).await? {
        return end_unasked(state, txn, &review).await;
    }
    for (check, (result, findings)) in &results {
        let row = review_check::ActiveModel {
            review_id: Set(id),
            check_id: Set(check.id.to_owned()),
            required: Set(check.required),
            result: Set(*result),
            findings: Set(serde_json::to_value(findings)?),
            ran_at: Set(state.clock.now()),
        };
        use review_check::Column::*;
        let again = OnConflict::columns([ReviewId, CheckId])
            .update_columns([Required, Result, Findings, RanAt])
            .to_owned();
        review_check::Entity::insert(row).on_conflict(again).exec_without_returning(&*txn).await?;
    }
    let passed =
        |r: &CheckResult| matches!(r, CheckResult::Pass | CheckResult::Warn | CheckResult::NotApplicable);
    let blocked = results.iter().any(|(check, (result, _))| check.required && !passed(result));
    let to = if blocked { ReviewState::BlockedByChecks } else { ReviewState::InReview };
    let moved = review::Entity::update_many()
        .set(review::ActiveModel { state: Set(to), updated_at: Set(state.clock.now()), ..Default::default() })
        .filter(review::Column::Id.eq(id))
        .filter(review::Column::State.eq(ReviewState::Checking))
        .exec(&*txn)
        .await?;
    // A vote that came while the checks ran was kept, and counts now.
    if moved.rows_affected > 0 && !blocked {
        decide::settle(state, &txn, id).await?;
    }
    txn.commit().await
}
