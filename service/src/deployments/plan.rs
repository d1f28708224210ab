//! What would be done: for each target and each filter, from what to what, with which configuration, and what
//! speaks against it. Changes nothing.
use super::{
    check::{self, Check, Subject},
    view::{DeploymentRequest, Pick},
};
use crate::{
    auth::{
        Identity,
        access::{self},
        names,
    },
    error::{Error, Field, Result},
    state::State,
    targets,
};
use futures_util::{StreamExt, stream};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;
use tamis_entities::{deployment, namespace, target, value::DeploymentState};
use tokio::time::timeout;
use utoipa::ToSchema;
use uuid::Uuid;

pub const MOST_TARGETS: usize = 200;
const MOST_RELEASES: usize = 50;
const MOST_STEPS: usize = 2000;
const MOST_CONFIG: usize = 64 * 1024;
/// Addresses that are asked at once, and how long all of them may take.
const AT_ONCE: usize = 8;
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanAction {
    Create,
    Update,
    Remove,
    /// It is wanted just so already.
    None,
}

/// One filter on one target.
pub struct Step {
    pub target: target::Model,
    pub home: namespace::Model,
    pub before: Option<deployment::Model>,
    /// None: it is to be taken back.
    pub subject: Option<Subject>,
    pub config: Value,
    pub effective: Value,
    pub action: PlanAction,
    pub checks: Vec<Check>,
}

fn bounds(asked: &DeploymentRequest) -> Result<()> {
    let exact = asked.exact.unwrap_or(false);
    let wrong = if asked.targets.is_empty() || asked.targets.len() > MOST_TARGETS {
        Some(("targets", format!("1 to {MOST_TARGETS}")))
    } else if asked.releases.len() > MOST_RELEASES || (asked.releases.is_empty() && !exact) {
        Some(("releases", format!("1 to {MOST_RELEASES}")))
    } else if asked.targets.len() * asked.releases.len() > MOST_STEPS {
        Some(("releases", format!("at most {MOST_STEPS} targets times releases at once")))
    } else {
        None
    };
    wrong.map_or(Ok(()), |(field, why)| Err(Error::invalid(field, why)))
}

/// What is wrong with what a deployment or a rule adds to the defaults.
pub fn wrong_config(config: &Value) -> Option<String> {
    let long = || config.to_string().len() > MOST_CONFIG;
    match config {
        Value::Object(_) if long() => Some(format!("at most {MOST_CONFIG} bytes")),
        Value::Object(_) => None,
        _ => Some("a JSON object".into()),
    }
}

/// The release that somebody names. Not to be seen is the same as absent.
async fn pick(state: &State, who: &Identity, pick: &Pick) -> Result<Subject> {
    let place =
        names::filter(&*state.db, &pick.namespace, &pick.filter).await?.ok_or_else(Error::not_found)?;
    let release = access::find_release(&*state.db, place.filter.id, &pick.version).await?;
    check::of(state, who, place.filter, release.ok_or_else(Error::not_found)?).await
}

async fn picked(state: &State, who: &Identity, asked: &DeploymentRequest) -> Result<Vec<(Subject, Value)>> {
    let (mut subjects, mut wrong): (Vec<(Subject, Value)>, _) = (vec![], vec![]);
    for one in &asked.releases {
        let name = format!("{}/{}@{}", one.namespace, one.filter, one.version);
        let mut no = |message: &str| {
            wrong.push(Field { field: "releases".into(), message: format!("{name}: {message}") })
        };
        let config = one.config.clone().unwrap_or_else(|| Value::Object(Default::default()));
        if let Some(why) = wrong_config(&config) {
            no(&format!("its configuration: {why}"));
            continue;
        }
        match pick(state, who, one).await {
            Ok(subject) if subjects.iter().any(|(s, _)| s.filter.id == subject.filter.id) => {
                no("the filter is named twice");
            }
            Ok(subject) => subjects.push((subject, config)),
            Err(error) if error.kind() == crate::error::Kind::NotFound => {
                no("there is no such release, or none that you may see");
            }
            Err(error) => return Err(error),
        }
    }
    if wrong.is_empty() { Ok(subjects) } else { Err(Error::invalid_fields(wrong)) }
}

async fn chosen(
    state: &State,
    who: &Identity,
    ids: &[Uuid],
) -> Result<Vec<(target::Model, namespace::Model)>> {
    let rows = target::Entity::find().filter(target::Column::Id.is_in(ids.iter().copied()));
    let rows = rows.filter(target::Column::NamespaceId.is_in(targets::looked_after(who)));
    let rows = rows.order_by_asc(target::Column::Id).all(&*state.db).await?;
    if let Some(absent) = ids.iter().find(|id| !rows.iter().any(|row| row.id == **id)) {
        return Err(Error::invalid("targets", format!("{absent} is no target that you look after")));
    }
    let homes = rows.iter().map(|row| row.namespace_id);
    let homes = namespace::Entity::find().filter(namespace::Column::Id.is_in(homes)).all(&*state.db).await?;
    let with_home = |row: target::Model| {
        let home = homes.iter().find(|h| h.id == row.namespace_id)?.clone();
        Some((row, home))
    };
    Ok(rows.into_iter().filter_map(with_home).collect())
}

/// Whether the modules can be had, within one time for all.
async fn reach(state: &State, subjects: &mut [(Subject, Value)]) {
    let all = stream::iter(subjects.iter_mut());
    let all = all.for_each_concurrent(AT_ONCE, |(subject, _)| subject.reach(state));
    if timeout(PATIENCE, all).await.is_err() {
        subjects.iter_mut().for_each(|(subject, _)| subject.was_not_reached());
    }
}

/// All steps, in the order of targets and then of what was asked for.
pub async fn plan(state: &State, who: &Identity, asked: &DeploymentRequest) -> Result<Vec<Step>> {
    bounds(asked)?;
    let targets = chosen(state, who, &asked.targets).await?;
    let mut subjects = picked(state, who, asked).await?;
    reach(state, &mut subjects).await;
    let there =
        deployment::Entity::find().filter(deployment::Column::TargetId.is_in(asked.targets.iter().copied()));
    let there = there.order_by_asc(deployment::Column::Id).all(&*state.db).await?;
    let mut steps = vec![];
    for (target, home) in targets {
        let of_target = || there.iter().filter(|d| d.target_id == target.id);
        for (subject, config) in &subjects {
            let before = of_target().find(|d| d.filter_id == subject.filter.id).cloned();
            steps.push(step(state, &target, &home, before, subject, config));
        }
        if asked.exact.unwrap_or(false) {
            let others = of_target().filter(|d| !subjects.iter().any(|(s, _)| s.filter.id == d.filter_id));
            steps.extend(others.filter(|d| d.release_id.is_some()).map(|d| removal(&target, &home, d)));
        }
    }
    Ok(steps)
}

fn step(
    state: &State,
    target: &target::Model,
    home: &namespace::Model,
    before: Option<deployment::Model>,
    subject: &Subject,
    config: &Value,
) -> Step {
    let (effective, fits) = subject.effective(state, target, config);
    let mut checks = subject.checks.clone();
    checks.push(fits);
    let standing = before.as_ref().filter(|b| b.release_id.is_some() && b.state != DeploymentState::Removed);
    let given_up =
        |b: &deployment::Model| matches!(b.state, DeploymentState::Dead | DeploymentState::Blocked);
    let action = match standing {
        None => PlanAction::Create,
        Some(b)
            if b.release_id == Some(subject.release.id)
                && b.effective == effective
                && b.config == *config
                // Who names what a rule keeps there keeps it there.
                && b.rule_id.is_none()
                && !given_up(b) =>
        {
            PlanAction::None
        }
        Some(_) => PlanAction::Update,
    };
    Step {
        target: target.clone(),
        home: home.clone(),
        before,
        subject: Some(subject.clone()),
        config: config.clone(),
        effective,
        action,
        checks,
    }
}

fn removal(target: &target::Model, home: &namespace::Model, before: &deployment::Model) -> Step {
    Step {
        target: target.clone(),
        home: home.clone(),
        before: Some(before.clone()),
        subject: None,
        config: before.config.clone(),
        effective: before.effective.clone(),
        action: PlanAction::Remove,
        checks: vec![],
    }
}

/// Refuses a plan that something speaks against.
pub fn approve(steps: &[Step]) -> Result<()> {
    let mut wrong = vec![];
    for step in steps {
        let Some(subject) = &step.subject else { continue };
        for check in &step.checks {
            if !check::stands(std::slice::from_ref(check)) {
                let name = format!("{}/{}", subject.namespace.handle, subject.filter.name);
                let message =
                    format!("{name}@{} on {}: {}", subject.release.version, step.target.name, check.message);
                wrong.push(Field { field: check.id.into(), message });
            }
        }
    }
    wrong.truncate(50);
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid_fields(wrong)) }
}
