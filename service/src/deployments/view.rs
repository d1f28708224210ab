//! How deployments, plans and tries look from outside.
use super::{
    check::Check,
    plan::{PlanAction, Step},
};
use crate::{error::Result, filters::view::handles, state::State};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use tamis_entities::{
    deployment, deployment_attempt, deployment_revision, deployment_rule, release, target,
    value::{
        AttemptOutcome, DeploymentAct, DeploymentState, ReleaseState, Reported, Slug, Timestamp, Version,
    },
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// One release, and the configuration that it gets there.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeploymentPick)]
pub struct Pick {
    #[schema(value_type = String)]
    pub namespace: Slug,
    #[schema(value_type = String)]
    pub filter: Slug,
    #[schema(value_type = String)]
    pub version: Version,
    /// Merged (RFC 7396) over the defaults of the instance and of the target.
    #[schema(value_type = Object)]
    pub config: Option<Value>,
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"targets": ["0197a1c2-0000-7000-8000-000000000000"],
    "releases": [{"namespace": "acme", "filter": "guard", "version": "1.2.0", "config": {"mode": "strict"}}]}))]
pub struct DeploymentRequest {
    #[schema(min_items = 1, max_items = 200)]
    pub targets: Vec<Uuid>,
    #[schema(max_items = 50)]
    pub releases: Vec<Pick>,
    /// The targets hold these and nothing else: whatever else was deployed there is taken back.
    pub exact: Option<bool>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeploymentQuery {
    /// Of this target only.
    pub target: Option<Uuid>,
    /// Where the page before ended: its `next`.
    pub after: Option<String>,
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u64>,
}

#[derive(Serialize, ToSchema)]
pub struct Side {
    #[schema(value_type = String)]
    pub version: Version,
    pub digest: String,
}

#[derive(Serialize, ToSchema)]
pub struct StepView {
    pub target: Uuid,
    #[schema(value_type = String)]
    pub target_name: Slug,
    #[schema(value_type = String)]
    pub namespace: Slug,
    #[schema(value_type = String)]
    pub filter: Slug,
    pub action: PlanAction,
    /// What is wanted now.
    pub from: Option<Side>,
    pub to: Option<Side>,
    /// The whole configuration that would be sent.
    #[schema(value_type = Object)]
    pub effective: Value,
    pub checks: Vec<Check>,
}

#[derive(Serialize, ToSchema)]
pub struct PlanView {
    /// Nothing speaks against it.
    pub ready: bool,
    pub steps: Vec<StepView>,
}

fn side(version: &Option<Version>, sha256: &Option<tamis_entities::value::Sha256>) -> Option<Side> {
    Some(Side { version: version.clone()?, digest: sha256.as_ref()?.digest() })
}

impl From<&Step> for StepView {
    fn from(step: &Step) -> Self {
        let before = step.before.as_ref();
        let named = step
            .subject
            .as_ref()
            .map(|s| (s.namespace.handle.clone(), s.filter.name.clone()))
            .or_else(|| before.map(|b| (b.namespace.clone(), b.filter.clone())));
        let (namespace, filter) = named.unwrap_or_else(|| (Slug::ghost(), Slug::ghost()));
        Self {
            target: step.target.id,
            target_name: step.target.name.clone(),
            namespace,
            filter,
            action: step.action,
            from: before.and_then(|b| side(&b.version, &b.sha256)),
            to: step
                .subject
                .as_ref()
                .map(|s| Side { version: s.release.version.clone(), digest: s.release.sha256.digest() }),
            effective: step.effective.clone(),
            checks: step.checks.clone(),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Confirmed {
    pub revision: i64,
    /// Null: it was confirmed that nothing is there.
    pub release: Option<Side>,
    pub at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub struct DeploymentView {
    pub id: Uuid,
    pub target: Uuid,
    #[schema(value_type = String)]
    pub target_name: Slug,
    #[schema(value_type = String)]
    pub namespace: Slug,
    #[schema(value_type = String)]
    pub filter: Slug,
    /// Null: it is to be taken back.
    pub wanted: Option<Side>,
    pub state: DeploymentState,
    /// How the wanted release is now; null when nothing is wanted or the release is gone.
    pub release_state: Option<ReleaseState>,
    #[schema(value_type = Object)]
    pub config: Value,
    /// What is sent: the defaults with `config` over them.
    #[schema(value_type = Object)]
    pub effective: Value,
    /// Grows with each change of what is wanted.
    pub revision: i64,
    #[schema(value_type = String)]
    pub wanted_by: Slug,
    pub wanted_at: Timestamp,
    /// Tries of this revision.
    pub attempts: i64,
    pub last_error: Option<String>,
    /// Nothing is tried before, if something waits.
    pub next_try_at: Option<Timestamp>,
    pub confirmed: Option<Confirmed>,
    /// What the target said when it was last asked; null for kinds that cannot be asked.
    pub reported: Option<Reported>,
    pub reported_as: Option<String>,
    pub reported_at: Option<Timestamp>,
    /// Since when it is not what was confirmed.
    pub drifted_at: Option<Timestamp>,
    pub rule: Option<Uuid>,
}

/// What is shown with rows, read once for all of them.
struct Around {
    targets: Vec<target::Model>,
    people: HashMap<Uuid, Slug>,
    releases: HashMap<Uuid, ReleaseState>,
    rules: HashSet<Uuid>,
}

impl Around {
    async fn of(state: &State, rows: &[deployment::Model]) -> Result<Self> {
        let (db, ids) = (&*state.db, rows.iter().map(|d| d.target_id));
        let targets = target::Entity::find().filter(target::Column::Id.is_in(ids)).all(db).await?;
        let releases = release::Entity::find()
            .select_only()
            .columns([release::Column::Id, release::Column::State])
            .filter(release::Column::Id.is_in(rows.iter().filter_map(|d| d.release_id)))
            .into_tuple::<(Uuid, ReleaseState)>();
        let rules = deployment_rule::Entity::find()
            .select_only()
            .column(deployment_rule::Column::Id)
            .filter(deployment_rule::Column::Id.is_in(rows.iter().filter_map(|d| d.rule_id)))
            .into_tuple::<Uuid>();
        Ok(Self {
            targets,
            people: handles(db, rows.iter().map(|d| d.wanted_by)).await?,
            releases: releases.all(db).await?.into_iter().collect(),
            rules: rules.all(db).await?.into_iter().collect(),
        })
    }
}

fn view(row: deployment::Model, target: &target::Model, around: &Around) -> DeploymentView {
    let waits = row.state == DeploymentState::Waiting;
    let confirmed = row.confirmed_revision.zip(row.confirmed_at).map(|(revision, at)| Confirmed {
        revision,
        release: side(&row.confirmed_version, &row.confirmed_sha256),
        at,
    });
    DeploymentView {
        id: row.id,
        target: target.id,
        target_name: target.name.clone(),
        wanted: side(&row.version, &row.sha256),
        namespace: row.namespace,
        filter: row.filter,
        state: row.state,
        release_state: row.release_id.and_then(|id| around.releases.get(&id).copied()),
        config: row.config,
        effective: row.effective,
        revision: row.revision,
        wanted_by: crate::filters::view::handle_of(&around.people, row.wanted_by),
        wanted_at: row.wanted_at,
        attempts: row.attempts,
        last_error: row.last_error,
        next_try_at: target.retry_at.filter(|_| waits && !target.paused),
        confirmed,
        reported: row.reported,
        reported_as: row.reported_as,
        reported_at: row.reported_at,
        drifted_at: row.drifted_at,
        // One that is gone keeps nothing.
        rule: row.rule_id.filter(|id| around.rules.contains(id)),
    }
}

pub async fn views(state: &State, rows: Vec<deployment::Model>) -> Result<Vec<DeploymentView>> {
    let around = Around::of(state, &rows).await?;
    let shown = rows.into_iter().filter_map(|row| {
        let target = around.targets.iter().find(|t| t.id == row.target_id)?;
        Some(view(row, target, &around))
    });
    Ok(shown.collect())
}

pub async fn one(state: &State, row: deployment::Model) -> Result<DeploymentView> {
    let shown = views(state, vec![row]).await?.pop();
    shown.ok_or_else(crate::error::Error::not_found)
}

/// One try: what went over the wire, without what is secret.
#[derive(Serialize, ToSchema)]
pub struct AttemptView {
    pub id: Uuid,
    pub revision: i64,
    pub act: DeploymentAct,
    pub outcome: AttemptOutcome,
    /// Of the last answer, if there was one.
    pub status: Option<i64>,
    pub error: Option<String>,
    /// Requests and answers in order: method and path, status, milliseconds, heads.
    #[schema(value_type = Vec<Object>)]
    pub exchanges: Value,
    pub seconds: f64,
    pub at: Timestamp,
}

impl From<deployment_attempt::Model> for AttemptView {
    fn from(a: deployment_attempt::Model) -> Self {
        Self {
            id: a.id,
            revision: a.revision,
            act: a.act,
            outcome: a.outcome,
            status: a.status,
            error: a.error,
            exchanges: a.exchanges,
            seconds: a.micros as f64 / 1e6,
            at: a.at,
        }
    }
}

/// One state that was wanted.
#[derive(Serialize, ToSchema)]
pub struct RevisionView {
    pub revision: i64,
    pub release: Option<Side>,
    #[schema(value_type = Object)]
    pub effective: Value,
    pub wanted_at: Timestamp,
    pub confirmed_at: Option<Timestamp>,
}

impl From<deployment_revision::Model> for RevisionView {
    fn from(r: deployment_revision::Model) -> Self {
        Self {
            revision: r.revision,
            release: side(&r.version, &r.sha256),
            effective: r.effective,
            wanted_at: r.wanted_at,
            confirmed_at: r.confirmed_at,
        }
    }
}
