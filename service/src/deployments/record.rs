//! What is written of a delivery: what is about to be sent, how each try went, what was confirmed. Everything is
//! refused to a worker whose time with the target is over.
use crate::{
    db::WriteTxn,
    error::Result,
    state::State,
    targets::{
        kinds::Item,
        lease::Held,
        line::{Failure, Next},
    },
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, sea_query::Expr,
};
use serde_json::{Value, json};
use std::time::Duration;
use tamis_entities::{
    deployment, deployment_attempt, deployment_revision, target,
    target::Sealed,
    value::{AttemptOutcome, DeploymentAct, DeploymentState, Timestamp},
};
use uuid::Uuid;

/// One try, as it went over the wire.
pub struct Try {
    pub act: DeploymentAct,
    pub at: Timestamp,
    pub took: Duration,
    pub exchanges: Vec<Value>,
    pub status: Option<u16>,
}

/// Whether what was read is still so.
pub enum Standing {
    Current,
    /// Something newer is wanted since.
    Outdated,
    /// Somebody else has the target.
    Lost,
}

/// A transaction in which the target is still this worker's, and will be until it ends.
async fn begin<'a>(state: &'a State, held: &Held) -> Result<Option<WriteTxn<'a>>> {
    let txn = state.db.begin_write().await?;
    let touched = target::Entity::update_many()
        .col_expr(target::Column::Epoch, Expr::value(held.epoch))
        .filter(held.still())
        .exec(&*txn)
        .await?;
    Ok((touched.rows_affected > 0).then_some(txn))
}

fn place(deployment: Uuid) -> String {
    format!("deployment {deployment}")
}

/// What was sent last, open, and whether an address in it is a secret.
pub fn sent(state: &State, row: &deployment::Model) -> Result<Option<(Value, bool)>> {
    let Some(kept) = &row.sent else { return Ok(None) };
    match kept["sealed"].as_str() {
        None => Ok(Some((kept.clone(), false))),
        Some(text) => {
            let open = state.sealer.open(&place(row.id), &Sealed(text.to_owned()))?;
            Ok(Some((serde_json::from_str(&open)?, true)))
        }
    }
}

/// What is about to be sent, before it is: whatever becomes of the try, it can be taken back. An address that is a
/// secret is sealed.
pub async fn remember(
    state: &State,
    held: &Held,
    row: &deployment::Model,
    item: &Item,
    sent: &Value,
) -> Result<Standing> {
    let kept = match item.public {
        true => sent.clone(),
        false => json!({"sealed": state.sealer.seal(&place(row.id), &sent.to_string())?.0}),
    };
    let Some(txn) = begin(state, held).await? else { return Ok(Standing::Lost) };
    let change = deployment::ActiveModel { sent: Set(Some(kept)), ..Default::default() };
    let done = deployment::Entity::update_many()
        .set(change)
        .col_expr(deployment::Column::Attempts, Expr::col(deployment::Column::Attempts).add(1))
        .filter(deployment::Column::Id.eq(row.id))
        .filter(deployment::Column::Revision.eq(row.revision))
        .exec(&*txn)
        .await?;
    txn.commit().await?;
    Ok(if done.rows_affected > 0 { Standing::Current } else { Standing::Outdated })
}

/// The target holds what this revision wants.
pub async fn confirm(state: &State, held: &Held, row: &deployment::Model) -> Result<()> {
    let Some(txn) = begin(state, held).await? else { return Ok(()) };
    confirmed(state, &txn, row).await?;
    txn.commit().await
}

async fn confirmed(state: &State, txn: &WriteTxn<'_>, row: &deployment::Model) -> Result<()> {
    let now = state.clock.now();
    let mut change = deployment::ActiveModel {
        confirmed_revision: Set(Some(row.revision)),
        confirmed_version: Set(row.version.clone()),
        confirmed_sha256: Set(row.sha256.clone()),
        confirmed_at: Set(Some(now)),
        reported: Set(None),
        reported_as: Set(None),
        reported_at: Set(None),
        drifted_at: Set(None),
        ..Default::default()
    };
    if row.release_id.is_none() {
        change.sent = Set(None);
    }
    let this = || deployment::Entity::update_many().filter(deployment::Column::Id.eq(row.id));
    this().set(change).exec(&**txn).await?;
    let to = if row.release_id.is_some() { DeploymentState::Deployed } else { DeploymentState::Removed };
    let done = deployment::ActiveModel {
        state: Set(to),
        failing_since: Set(None),
        last_error: Set(None),
        ..Default::default()
    };
    this().set(done).filter(deployment::Column::Revision.eq(row.revision)).exec(&**txn).await?;
    deployment_revision::Entity::update_many()
        .col_expr(deployment_revision::Column::ConfirmedAt, Expr::value(now))
        .filter(deployment_revision::Column::DeploymentId.eq(row.id))
        .filter(deployment_revision::Column::Revision.eq(row.revision))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// What was asked for must not be sent any more.
pub async fn block(state: &State, held: &Held, row: &deployment::Model, why: &str) -> Result<()> {
    let Some(txn) = begin(state, held).await? else { return Ok(()) };
    end(&txn, row, DeploymentState::Blocked, why).await?;
    txn.commit().await
}

/// It cannot be done, for a reason of ours that concerns nothing else.
pub async fn give_up(state: &State, held: &Held, row: &deployment::Model, why: &str) -> Result<()> {
    let Some(txn) = begin(state, held).await? else { return Ok(()) };
    end(&txn, row, DeploymentState::Dead, why).await?;
    txn.commit().await
}

async fn end(txn: &WriteTxn<'_>, row: &deployment::Model, to: DeploymentState, why: &str) -> Result<()> {
    let change = deployment::ActiveModel {
        state: Set(to),
        last_error: Set(Some(why.to_owned())),
        ..Default::default()
    };
    deployment::Entity::update_many()
        .set(change)
        .filter(deployment::Column::Id.eq(row.id))
        .filter(deployment::Column::Revision.eq(row.revision))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// One try and what came of it.
pub async fn note(
    state: &State,
    target: &target::Model,
    held: &Held,
    row: &deployment::Model,
    one: Try,
    failure: Option<&Failure>,
) -> Result<()> {
    let outcome = match failure.map(|f| f.next) {
        None => AttemptOutcome::Confirmed,
        Some(Next::Never) => AttemptOutcome::Refused,
        Some(_) => AttemptOutcome::Later,
    };
    let labels = [("kind", target.kind.as_str()), ("act", one.act.as_str()), ("outcome", outcome.as_str())];
    metrics::counter!("tamis_deploy_attempts_total", &labels).increment(1);
    metrics::histogram!("tamis_deploy_attempt_seconds", "kind" => target.kind.as_str())
        .record(one.took.as_secs_f64());
    // It happened, whoever has the target now.
    attempt(state, row, &one, outcome, failure).await?;
    let Some(txn) = begin(state, held).await? else { return Ok(()) };
    match failure {
        None => {
            confirmed(state, &txn, row).await?;
            let well = target::ActiveModel {
                failures: Set(0),
                failing_since: Set(None),
                retry_at: Set(None),
                last_error: Set(None),
                last_contact_at: Set(Some(state.clock.now())),
                ..Default::default()
            };
            target::Entity::update_many().set(well).filter(held.still()).exec(&*txn).await?;
        }
        Some(failure) if failure.next == Next::Never => {
            end(&txn, row, DeploymentState::Dead, &failure.words).await?;
        }
        Some(failure) => {
            let change = deployment::ActiveModel {
                failing_since: Set(row.failing_since.or(Some(one.at))),
                last_error: Set(Some(failure.words.clone())),
                ..Default::default()
            };
            let this =
                deployment::Entity::update_many().set(change).filter(deployment::Column::Id.eq(row.id));
            this.filter(deployment::Column::Revision.eq(row.revision)).exec(&*txn).await?;
        }
    }
    txn.commit().await
}

async fn attempt(
    state: &State,
    row: &deployment::Model,
    one: &Try,
    outcome: AttemptOutcome,
    failure: Option<&Failure>,
) -> Result<()> {
    let attempt = deployment_attempt::Model {
        id: Uuid::now_v7(),
        deployment_id: row.id,
        target_id: row.target_id,
        revision: row.revision,
        act: one.act,
        outcome,
        status: one.status.map(i64::from),
        error: failure.map(|f| f.words.clone()),
        exchanges: Value::Array(one.exchanges.clone()),
        micros: i64::try_from(one.took.as_micros()).unwrap_or(i64::MAX),
        at: one.at,
    };
    let txn = state.db.begin_write().await?;
    // Its target may have been deleted meanwhile.
    if deployment::Entity::find_by_id(row.id).one(&*txn).await?.is_some() {
        deployment_attempt::Entity::insert(attempt.into_active_model()).exec_without_returning(&*txn).await?;
    }
    txn.commit().await
}

/// What has waited for so long, while the target failed, is not tried by itself any more.
pub async fn bury_old(state: &State, txn: &WriteTxn<'_>, target: &target::Model) -> Result<()> {
    let limit = state.clock.now().minus(Duration::from_secs(state.serve.deploy.deploy_give_up));
    if target.failing_since.is_none_or(|since| since > limit) {
        return Ok(());
    }
    let old = deployment::Entity::update_many()
        .col_expr(deployment::Column::State, Expr::value(DeploymentState::Dead))
        .filter(deployment::Column::TargetId.eq(target.id))
        .filter(deployment::Column::State.eq(DeploymentState::Waiting))
        .filter(deployment::Column::WantedAt.lt(limit));
    old.exec(&**txn).await?;
    Ok(())
}

/// Two may have spoken to the target at once: what it holds is to be looked at again soon.
pub async fn doubt(state: &State, target: Uuid) -> Result<()> {
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    let soon = target::ActiveModel { round_at: Set(None), due_at: Set(Some(now)), ..Default::default() };
    target::Entity::update_many().set(soon).filter(target::Column::Id.eq(target)).exec(&*txn).await?;
    txn.commit().await
}
