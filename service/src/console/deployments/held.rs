//! Deployments of bytes that were stopped, or are about to be, each with the way back: the plan of a deployment of the
//! last good release of the same filter. Sends nothing.
use super::HERE;
use crate::{
    auth::Identity,
    deployments::{
        held::{self, MOST},
        view::{self, DeploymentView},
    },
    error::Result,
    releases::instead,
    state::State,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use std::collections::HashMap;
use tamis_entities::{
    deployment, deployment_rule,
    value::{Sha256, Slug, Version},
};
use uuid::Uuid;

/// An address is no place for a configuration that is longer.
const MOST_CONFIG: usize = 2000;

#[derive(Default)]
pub struct Held {
    pub lines: Vec<Line>,
    /// There are more than are shown.
    pub more: bool,
}

pub struct Line {
    pub one: DeploymentView,
    /// That keeps it there.
    rule: Option<Slug>,
    digest: String,
    pub back: Option<Back>,
}

/// To the last good release, by a plan that somebody reads before anything is sent.
pub struct Back {
    pub words: String,
    pub plan: String,
}

impl Line {
    pub fn words(&self) -> String {
        let name = format!("{}/{}", self.one.namespace, self.one.filter);
        match (&self.one.wanted, &self.rule) {
            (None, _) => format!("{name} is being taken back from there"),
            (Some(side), _) if side.digest != self.digest => {
                format!("{name}: {} is on its way there", side.version)
            }
            (Some(side), Some(rule)) => {
                format!(
                    "{name} {}, kept there by the rule {rule}, which follows what is published",
                    side.version
                )
            }
            (Some(side), None) => format!("{name} {}", side.version),
        }
    }
}

/// The caller's deployments of these bytes.
pub async fn of(state: &State, who: &Identity, sha256: &Sha256) -> Result<Held> {
    let mut rows = held::own(state, who, sha256).await?;
    let more = rows.len() > MOST as usize;
    rows.truncate(MOST as usize);
    Ok(Held { lines: lines(state, rows, sha256).await?, more })
}

/// The ways back from what these are wanted to hold, if that is these bytes.
pub async fn lines(state: &State, rows: Vec<deployment::Model>, sha256: &Sha256) -> Result<Vec<Line>> {
    if rows.is_empty() {
        return Ok(vec![]);
    }
    let good = instead::of(&*state.db, rows.iter().map(|row| row.filter_id), sha256).await?;
    let rules = rules(state, &rows).await?;
    let backs = rows.iter().filter_map(|row| Some((row.id, back(row, &good, sha256)?)));
    let mut backs: HashMap<_, _> = backs.collect();
    let line = |one: DeploymentView| Line {
        rule: one.rule.and_then(|id| rules.get(&id).cloned()),
        digest: sha256.digest(),
        back: backs.remove(&one.id),
        one,
    };
    Ok(view::views(state, rows).await?.into_iter().map(line).collect())
}

async fn rules(state: &State, rows: &[deployment::Model]) -> Result<HashMap<Uuid, Slug>> {
    let named = deployment_rule::Entity::find()
        .select_only()
        .columns([deployment_rule::Column::Id, deployment_rule::Column::Name])
        .filter(deployment_rule::Column::Id.is_in(rows.iter().filter_map(|row| row.rule_id)));
    Ok(named.into_tuple::<(Uuid, Slug)>().all(&*state.db).await?.into_iter().collect())
}

/// None where something else is wanted already, or there is nothing to go back to.
fn back(row: &deployment::Model, good: &HashMap<Uuid, Version>, sha256: &Sha256) -> Option<Back> {
    let here = row.version.as_ref().filter(|_| row.sha256.as_ref() == Some(sha256))?;
    let version = good.get(&row.filter_id)?;
    let verb = if version.semver() < here.semver() { "Roll back to" } else { "Move to" };
    Some(Back { words: format!("{verb} {version}"), plan: plan(row, version)? })
}

/// With the configuration that it has now: that one is its own, whatever the release.
fn plan(row: &deployment::Model, version: &Version) -> Option<String> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("target", &row.target_id.to_string());
    query.append_pair("release", &format!("{}/{}@{version}", row.namespace, row.filter));
    let own = row.config.as_object().is_some_and(|fields| !fields.is_empty());
    let config = if own { row.config.to_string() } else { String::new() };
    if own {
        query.append_pair("config", &config);
    }
    (config.len() <= MOST_CONFIG).then(|| format!("{HERE}/new?{}", query.finish()))
}
