//! Changing what is wanted: the deployment, its revision, the target's turn and the job, in one transaction. The
//! target's row is the first that is locked, here and by whoever delivers.
use super::plan::{PlanAction, Step};
use crate::{
    audit::{self, Actor},
    auth::Identity,
    db::WriteTxn,
    error::{Error, Result},
    jobs::{self, Job},
    state::State,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tamis_entities::{
    deployment, deployment_revision, release, target,
    value::{DeploymentState, Timestamp},
};
use uuid::Uuid;

/// What one deployment is to become.
pub struct Wish<'a> {
    /// None: it is to be taken back.
    pub release: Option<&'a release::Model>,
    pub config: Value,
    pub effective: Value,
    pub rule: Option<Uuid>,
}

/// Targets as they are now, held until the transaction ends; in the one order, so that no two wait in a circle.
pub async fn hold(txn: &WriteTxn<'_>, ids: BTreeSet<Uuid>) -> Result<Vec<target::Model>> {
    let rows = target::Entity::find().filter(target::Column::Id.is_in(ids));
    Ok(rows.order_by_asc(target::Column::Id).lock_exclusive().all(&**txn).await?)
}

pub async fn find(txn: &WriteTxn<'_>, target: Uuid, filter: Uuid) -> Result<Option<deployment::Model>> {
    let row = deployment::Entity::find().filter(deployment::Column::TargetId.eq(target));
    Ok(row.filter(deployment::Column::FilterId.eq(filter)).one(&**txn).await?)
}

/// Writes the next revision of a deployment that is there.
pub async fn revise(
    state: &State,
    txn: &WriteTxn<'_>,
    who: Uuid,
    before: &deployment::Model,
    wish: Wish<'_>,
) -> Result<deployment::Model> {
    let now = state.clock.now();
    let row = deployment::Model {
        rule_id: wish.rule,
        release_id: wish.release.map(|r| r.id),
        version: wish.release.map(|r| r.version.clone()),
        sha256: wish.release.map(|r| r.sha256.clone()),
        config: wish.config,
        effective: wish.effective,
        revision: before.revision + 1,
        state: DeploymentState::Waiting,
        wanted_by: who,
        wanted_at: now,
        attempts: 0,
        failing_since: None,
        last_error: None,
        ..before.clone()
    };
    let change = deployment::ActiveModel {
        id: Set(row.id),
        rule_id: Set(row.rule_id),
        release_id: Set(row.release_id),
        version: Set(row.version.clone()),
        sha256: Set(row.sha256.clone()),
        config: Set(row.config.clone()),
        effective: Set(row.effective.clone()),
        revision: Set(row.revision),
        state: Set(row.state),
        wanted_by: Set(row.wanted_by),
        wanted_at: Set(row.wanted_at),
        attempts: Set(0),
        failing_since: Set(None),
        last_error: Set(None),
        ..Default::default()
    };
    deployment::Entity::update_many()
        .set(change)
        .filter(deployment::Column::Id.eq(row.id))
        .exec(&**txn)
        .await?;
    keep(txn, &row).await?;
    Ok(row)
}

/// The same revision once more, for whoever asks now.
pub async fn again(
    state: &State,
    txn: &WriteTxn<'_>,
    who: Uuid,
    row: deployment::Model,
) -> Result<deployment::Model> {
    let row = deployment::Model {
        state: DeploymentState::Waiting,
        wanted_at: state.clock.now(),
        wanted_by: who,
        attempts: 0,
        failing_since: None,
        ..row
    };
    let change = deployment::ActiveModel {
        id: Set(row.id),
        state: Set(row.state),
        wanted_at: Set(row.wanted_at),
        wanted_by: Set(row.wanted_by),
        attempts: Set(0),
        failing_since: Set(None),
        ..Default::default()
    };
    deployment::Entity::update(change).exec(&**txn).await?;
    Ok(row)
}

/// So that it can be gone back to.
async fn keep(txn: &WriteTxn<'_>, row: &deployment::Model) -> Result<()> {
    let revision = deployment_revision::Model {
        deployment_id: row.id,
        revision: row.revision,
        release_id: row.release_id,
        version: row.version.clone(),
        sha256: row.sha256.clone(),
        config: row.config.clone(),
        effective: row.effective.clone(),
        wanted_by: row.wanted_by,
        wanted_at: row.wanted_at,
        confirmed_at: None,
    };
    deployment_revision::Entity::insert(revision.into_active_model()).exec_without_returning(&**txn).await?;
    Ok(())
}

/// The first revision.
pub async fn begin(
    txn: &WriteTxn<'_>,
    who: Uuid,
    now: Timestamp,
    (target, subject): (&target::Model, &super::check::Subject),
    wish: Wish<'_>,
) -> Result<deployment::Model> {
    let row = deployment::Model {
        id: Uuid::now_v7(),
        target_id: target.id,
        filter_id: subject.filter.id,
        namespace: subject.namespace.handle.clone(),
        filter: subject.filter.name.clone(),
        rule_id: wish.rule,
        release_id: wish.release.map(|r| r.id),
        version: wish.release.map(|r| r.version.clone()),
        sha256: wish.release.map(|r| r.sha256.clone()),
        config: wish.config,
        effective: wish.effective,
        revision: 1,
        state: DeploymentState::Waiting,
        wanted_by: who,
        wanted_at: now,
        attempts: 0,
        failing_since: None,
        last_error: None,
        confirmed_revision: None,
        confirmed_version: None,
        confirmed_sha256: None,
        confirmed_at: None,
        sent: None,
        reported: None,
        reported_as: None,
        reported_at: None,
        drifted_at: None,
    };
    deployment::Entity::insert(row.clone().into_active_model()).exec_without_returning(&**txn).await?;
    keep(txn, &row).await?;
    Ok(row)
}

/// The target has something to do: the row says when, the job does it.
pub async fn rouse(state: &State, txn: &WriteTxn<'_>, target: &target::Model) -> Result<()> {
    let due = target.retry_at.unwrap_or(Timestamp(0)).max(state.clock.now());
    let change = target::ActiveModel { id: Set(target.id), due_at: Set(Some(due)), ..Default::default() };
    target::Entity::update_many().set(change).filter(target::Column::Id.eq(target.id)).exec(&**txn).await?;
    jobs::enqueue_at(&**txn, &state.clock, &Job::Deploy { target: target.id }, due).await
}

/// Carries a plan out, as far as it still says what is to be changed.
pub async fn apply(state: &State, who: &Identity, steps: Vec<Step>) -> Result<Vec<deployment::Model>> {
    let txn = state.db.begin_write().await?;
    let ids = steps.iter().map(|s| s.target.id).collect();
    let held = hold(&txn, ids).await?;
    let (mut wanted, mut noted) = (vec![], vec![]);
    for step in &steps {
        let gone = || Error::conflict("stale", "a target was deleted at the same moment; plan again");
        let target = held.iter().find(|t| t.id == step.target.id).ok_or_else(gone)?;
        let filter = step.subject.as_ref().map(|s| s.filter.id).or(step.before.as_ref().map(|b| b.filter_id));
        let before = match filter {
            Some(filter) => find(&txn, target.id, filter).await?,
            None => None,
        };
        if before.as_ref().map(|b| b.revision) != step.before.as_ref().map(|b| b.revision) {
            return Err(Error::conflict("stale", "what is wanted of a target has changed since; plan again"));
        }
        if step.action == PlanAction::None {
            wanted.extend(before);
            continue;
        }
        let row = write(state, &txn, who, (target, step), before).await?;
        noted.push(json!({"target": target.name, "filter": format!("{}/{}", row.namespace, row.filter),
            "version": row.version, "digest": row.sha256, "revision": row.revision}));
        wanted.push(row);
    }
    let changed: BTreeSet<_> =
        steps.iter().filter(|s| s.action != PlanAction::None).map(|s| s.target.id).collect();
    for target in held.iter().filter(|t| changed.contains(&t.id)) {
        rouse(state, &txn, target).await?;
    }
    let object = format!("deployments:{}", noted.len());
    let detail = json!({"steps": noted});
    audit::record(&*txn, &state.clock, &Actor::from(who), "deployment.want", object, detail).await?;
    txn.commit().await?;
    state.deploying.wake();
    Ok(wanted)
}

async fn write(
    state: &State,
    txn: &WriteTxn<'_>,
    who: &Identity,
    (target, step): (&target::Model, &Step),
    before: Option<deployment::Model>,
) -> Result<deployment::Model> {
    let release = step.subject.as_ref().map(|s| &s.release);
    let (config, effective) = (step.config.clone(), step.effective.clone());
    let wish = Wish { release, config, effective, rule: None };
    match (before, &step.subject) {
        (Some(before), _) => revise(state, txn, who.id, &before, wish).await,
        (None, Some(subject)) => begin(txn, who.id, state.clock.now(), (target, subject), wish).await,
        (None, None) => Err(Error::internal("a plan takes back what is not there")),
    }
}
