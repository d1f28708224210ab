//! What is asked before a release goes to a target: once when somebody plans it, and again when the job runs, for
//! whoever asked may have lost the right and the release its standing. Sends nothing but a HEAD to ourselves.
use crate::{
    auth::{
        Identity,
        access::{Relation, Sight},
    },
    capability_urls::key,
    configuration,
    error::{Error, Result},
    modules::{standing, stopped},
    releases,
    state::State,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use serde_json::{Value, json};
use tamis_entities::{
    capability_url, filter, namespace, release, target,
    value::{CheckResult, PluginType, ReleaseState, Verdict},
};
use tamis_formats::schema::{self, Outcome};
use tamis_outbound::{
    Method,
    header::{ETAG, HeaderMap},
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PreflightCheck)]
pub struct Check {
    pub id: &'static str,
    pub result: CheckResult,
    /// What is so and what to do.
    pub message: String,
}

fn check(id: &'static str, result: CheckResult, message: impl Into<String>) -> Check {
    Check { id, result, message: message.into() }
}

/// One release and what the one who wants it is to it.
#[derive(Clone, Debug)]
pub struct Subject {
    pub namespace: namespace::Model,
    pub filter: filter::Model,
    pub release: release::Model,
    relation: Relation,
    /// Where the target fetches it, and whether everybody can.
    pub url: Option<(String, bool)>,
    pub checks: Vec<Check>,
}

pub fn stands(checks: &[Check]) -> bool {
    checks
        .iter()
        .all(|c| matches!(c.result, CheckResult::Pass | CheckResult::Warn | CheckResult::NotApplicable))
}

/// The first reason against it.
pub fn against(checks: &[Check]) -> Option<&Check> {
    checks.iter().find(|c| matches!(c.result, CheckResult::Fail | CheckResult::Error))
}

/// The release, as far as this person may have it; absent and not to be seen are the same.
pub async fn subject(state: &State, who: &Identity, filter: Uuid, release: Uuid) -> Result<Subject> {
    let filter = filter::Entity::find_by_id(filter).one(&*state.db).await?.ok_or_else(Error::not_found)?;
    let release = release::Entity::find_by_id(release).one(&*state.db).await?;
    let release = release.filter(|r| r.filter_id == filter.id).ok_or_else(Error::not_found)?;
    of(state, who, filter, release).await
}

pub async fn of(
    state: &State,
    who: &Identity,
    filter: filter::Model,
    release: release::Model,
) -> Result<Subject> {
    let namespace = namespace::Entity::find_by_id(filter.namespace_id).one(&*state.db).await?;
    let namespace = namespace.ok_or_else(Error::not_found)?;
    let relation = Relation::of(&*state.db, who, &filter, state.clock.now()).await?;
    let sight = relation.sight(&filter, &release);
    if sight == Sight::Nothing {
        return Err(Error::not_found());
    }
    let url = url(state, &relation, &release).await?;
    let mut checks = vec![standing_of(&relation, sight, &release), verdict(&release)];
    checks.push(match &url {
        Some((_, true)) => {
            check("address", CheckResult::Pass, "everybody can fetch the module by its digest")
        }
        Some((_, false)) => check("address", CheckResult::Pass, "the target fetches it by a capability URL"),
        None => nowhere(state, who, &release).await?,
    });
    Ok(Subject { namespace, filter, release, relation, url, checks })
}

async fn nowhere(state: &State, who: &Identity, release: &release::Model) -> Result<Check> {
    let message = match stopped::of(state, Some(who), &release.sha256).await? {
        Some(stopped) => {
            format!("{}, so no target gets them by their digest: choose another version", stopped.words())
        }
        None => "not everybody may have these bytes, so the target needs a capability URL: make one for this release".into(),
    };
    Ok(check("address", CheckResult::Fail, message))
}

fn standing_of(relation: &Relation, sight: Sight, release: &release::Model) -> Check {
    let is = |result, message: &str| check("standing", result, message);
    match (release.state, sight) {
        (ReleaseState::Quarantined, _) => {
            is(CheckResult::Fail, "the release is quarantined; choose another version")
        }
        (_, Sight::Metadata | Sight::Barred | Sight::Nothing) => {
            is(CheckResult::Fail, "you may not have these bytes")
        }
        (ReleaseState::Published, _) => is(CheckResult::Pass, "published"),
        (ReleaseState::Yanked, _) => is(CheckResult::Warn, "yanked: its authors advise against it"),
        (ReleaseState::Draft, _) if relation.writes() => {
            is(CheckResult::Warn, "a draft of your own: nobody has reviewed it")
        }
        (ReleaseState::Draft, _) => {
            is(CheckResult::Fail, "somebody else's draft; it can be deployed when it is published")
        }
    }
}

fn verdict(release: &release::Model) -> Check {
    let is = |result, message: &str| check("verification", result, message);
    match release.verdict {
        Verdict::Pass => is(CheckResult::Pass, "verified"),
        Verdict::Warn => is(CheckResult::Warn, "verified, with warnings"),
        Verdict::Fail => is(CheckResult::Fail, "verification found problems that stop it from loading"),
        Verdict::Error => is(CheckResult::Fail, "verification could not finish, which is no pass"),
    }
}

async fn url(state: &State, relation: &Relation, release: &release::Model) -> Result<Option<(String, bool)>> {
    if standing::is_served(state, &release.sha256).await? {
        return Ok(Some((configuration::raw(state, &release.sha256), true)));
    }
    // A capability URL of bytes that are stopped opens nothing.
    if !relation.manages() || stopped::is_stopped(state, &release.sha256).await? {
        return Ok(None);
    }
    let row = capability_url::Entity::find()
        .filter(capability_url::Column::ReleaseId.eq(release.id))
        .filter(capability_url::Column::ExpiresAt.gt(state.clock.now()))
        .order_by_desc(capability_url::Column::ExpiresAt)
        .one(&*state.db)
        .await?;
    row.map(|row| Ok((key::url(state, &row)?, false))).transpose()
}

impl Subject {
    pub fn network(&self) -> bool {
        self.release.plugin_type == Some(PluginType::Network)
    }

    /// What is sent: the instance's defaults, then the target's, then what this deployment says.
    pub fn effective(&self, state: &State, target: &target::Model, own: &Value) -> (Value, Check) {
        let mut config = json!({});
        let (namespace, filter) = (self.namespace.handle.as_str(), self.filter.name.as_str());
        state.deploy_defaults.add_to(&mut config, namespace, filter);
        crate::targets::defaults::Defaults::stored(&target.defaults).add_to(&mut config, namespace, filter);
        crate::targets::defaults::merge(&mut config, own);
        let fits = self.fits(&config);
        (config, fits)
    }

    fn fits(&self, config: &Value) -> Check {
        let insider = self.relation.is_insider() || self.relation.reviews;
        let metadata = releases::shown_metadata(&self.release, insider);
        let is = |result, message: String| check("configuration", result, message);
        let Some(schema) = &metadata.config_schema else {
            return is(CheckResult::NotApplicable, "the release has no schema of its configuration".into());
        };
        match schema::check(schema, config) {
            Outcome::Valid => is(CheckResult::Pass, "fits the release's schema".into()),
            Outcome::Invalid(faults) => is(CheckResult::Fail, faults.join("; ")),
            Outcome::Unknown(why) => {
                is(CheckResult::Warn, format!("it cannot be told whether it fits: {why}"))
            }
        }
    }

    /// Whether the module can be had by the address that the target gets, and is the right one.
    pub async fn reach(&mut self, state: &State) {
        let Some((url, _)) = &self.url else { return };
        let found = match tamis_outbound::parse_url(url) {
            Ok(url) => state.own_address.request(Method::HEAD, &url, HeaderMap::new(), None).await,
            Err(error) => Err(error),
        };
        let wanted = format!("\"{}\"", self.release.sha256.digest());
        let (result, message) = match found {
            Ok(reply) if reply.headers.get(ETAG).is_some_and(|tag| tag.as_bytes() == wanted.as_bytes()) => {
                (CheckResult::Pass, "the download answers with the right digest".to_owned())
            }
            Ok(reply) => (
                CheckResult::Fail,
                format!(
                    "the download answered {} and not with the right digest; is --public-url right?",
                    reply.status
                ),
            ),
            Err(error) => (
                CheckResult::Fail,
                format!("the download cannot be reached: {error}; is --public-url right?"),
            ),
        };
        self.checks.push(check("reachable", result, message));
    }

    /// There was no time to ask.
    pub fn was_not_reached(&mut self) {
        if self.url.is_some() && !self.checks.iter().any(|c| c.id == "reachable") {
            let message = "the download did not answer in time; is --public-url right?";
            self.checks.push(check("reachable", CheckResult::Fail, message));
        }
    }
}
