//! Open requests: for one draft of six, that is for one filter of twenty. With checks, risk and a due time, as
//! the queue shows them.
use anyhow::Result;
use sea_orm::{ActiveValue::Set, EntityTrait, IntoActiveModel};
use serde_json::json;
use tamis::db::WriteTxn;
use tamis_entities::{
    release, review, review_check,
    value::{Addend, Addends, CheckResult, ReviewAction, ReviewState, Timestamp},
};
use uuid::Uuid;

const HOUR: i64 = 3_600_000_000;
const CHECKS: [&str; 11] = [
    "verification",
    "hosts",
    "capabilities",
    "capability-change",
    "size-jump",
    "licence",
    "readme",
    "description",
    "source",
    "name",
    "signature",
];

fn review(n: i64, release: &release::Model, submitted_by: Uuid) -> review::Model {
    let at = Timestamp(release.created_at.0 + n * HOUR);
    let addend = |id: &str, label: &str, points| Addend { id: id.into(), label: label.into(), points };
    review::Model {
        id: Uuid::now_v7(),
        filter_id: release.filter_id,
        release_id: release.id,
        action: ReviewAction::Publish,
        state: if n % 10 == 0 { ReviewState::BlockedByChecks } else { ReviewState::InReview },
        sha256: release.sha256.clone(),
        revision: release.sha256.clone(),
        proposed: None,
        submitted_by,
        note: "please".into(),
        quorum: 1 + n % 2,
        assignee: None,
        lease_until: None,
        due_at: Some(Timestamp(at.0 + 96 * HOUR)),
        created_at: at,
        updated_at: at,
        decided_at: None,
        paused_at: None,
        escalated_at: None,
        expires_at: None,
        round: 1,
        evidence: Some(release.sha256.clone()),
        policy: Some("bench".into()),
        risk: n % 9,
        addends: Some(Addends(vec![
            addend("new-publisher", "New publisher", 3),
            addend("unsigned", "Not signed", 1),
        ])),
        first_publication: n % 4 == 0,
        break_glass: false,
    }
}

fn check(review: &review::Model, id: &str) -> review_check::ActiveModel {
    review_check::ActiveModel {
        review_id: Set(review.id),
        check_id: Set(id.to_owned()),
        required: Set(id == "verification"),
        result: Set(if id == "signature" { CheckResult::NotApplicable } else { CheckResult::Pass }),
        findings: Set(json!([])),
        ran_at: Set(review.created_at),
        duration_ms: Set(3),
        version: Set("1".into()),
    }
}

pub async fn write<'d>(
    txn: &WriteTxn<'_>,
    drafts: impl Iterator<Item = &'d release::Model>,
    submitted_by: Uuid,
) -> Result<()> {
    let some: Vec<_> =
        (0..).zip(drafts.step_by(6)).map(|(n, release)| review(n, release, submitted_by)).collect();
    if some.is_empty() {
        return Ok(());
    }
    let checks = some.iter().flat_map(|review| CHECKS.map(|id| check(review, id)));
    let checks: Vec<_> = checks.collect();
    let rows = some.into_iter().map(IntoActiveModel::into_active_model);
    review::Entity::insert_many(rows).exec_without_returning(&**txn).await?;
    review_check::Entity::insert_many(checks).exec_without_returning(&**txn).await?;
    Ok(())
}
