//! A new deployment: chosen, planned, shown, and only then wanted.
use super::side;
use crate::{
    auth::{Caller, Identity},
    console::{frame::Frame, parts::*},
    deployments::{
        plan::{self, MOST_TARGETS, PlanAction},
        view::{DeploymentRequest, Pick, StepView},
    },
    error::{Error, Kind, Result},
    http::{
        body::parse_field,
        many::{Many, Repeats},
        page::{MAX_LIMIT, PageQuery},
    },
    state::State,
    targets::{self, view::TargetView},
};
use actix_web::HttpRequest;
use askama::{Template, filters::Safe};
use serde::Deserialize;
use tamis_entities::value::CheckResult;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What is chosen so far.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PlanQuery {
    /// Targets, repeated or with commas.
    #[serde(default)]
    #[param(value_type = Option<Vec<Uuid>>)]
    pub target: Many<Uuid, MOST_TARGETS>,
    /// `namespace/filter@version`.
    #[param(max_length = 300)]
    pub release: Option<String>,
    /// JSON that is merged over the defaults.
    #[param(max_length = 4000)]
    pub config: Option<String>,
}

impl Repeats for PlanQuery {
    const REPEATS: &'static [&'static str] = &["target"];
}

/// The same, sent once it was seen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeployForm {
    #[serde(default)]
    pub form: String,
    /// With commas.
    #[serde(default)]
    pub target: String,
    #[serde(default)]
    pub release: String,
    #[serde(default)]
    pub config: String,
}

pub fn request(targets: Vec<Uuid>, release: &str, config: &str) -> Result<DeploymentRequest> {
    let wrong = || Error::invalid("release", "write it as namespace/filter@version");
    let (place, version) = release.trim().split_once('@').ok_or_else(wrong)?;
    let (namespace, filter) = place.split_once('/').ok_or_else(wrong)?;
    let read = |text: &str| text.parse().map_err(|_| wrong());
    let config = match config.trim() {
        "" => None,
        text => Some(parse_field("config", text.as_bytes())?),
    };
    let version = version.parse().map_err(|_| wrong())?;
    let pick = Pick { namespace: read(namespace)?, filter: read(filter)?, version, config };
    Ok(DeploymentRequest { targets, releases: vec![pick], exact: None })
}

#[derive(Template)]
#[template(path = "console/deploy_new.html")]
pub struct Page {
    frame: Frame,
    targets: Vec<TargetView>,
    chosen: PlanQuery,
    steps: Vec<StepView>,
    ready: bool,
    refused: Option<String>,
}

impl Page {
    fn is_chosen(&self, target: &TargetView) -> bool {
        self.chosen.target.0.contains(&target.id)
    }

    fn release(&self) -> &str {
        self.chosen.release.as_deref().unwrap_or_default()
    }

    fn config(&self) -> &str {
        self.chosen.config.as_deref().unwrap_or_default()
    }

    fn ids(&self) -> String {
        self.chosen.target.0.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")
    }

    fn action(&self, step: &StepView) -> Safe<String> {
        match step.action {
            PlanAction::Create => badge("pass", "plus", "Create"),
            PlanAction::Update => badge("accent", "bolt", "Update"),
            PlanAction::Remove => badge("warn", "undo", "Take back"),
            PlanAction::None => badge("outline", "dash", "Nothing to do"),
        }
    }

    fn effective(&self, step: &StepView) -> String {
        step.effective.to_string()
    }

    /// What somebody should read before they go on.
    fn remarks<'a>(&self, step: &'a StepView) -> Vec<(&'static str, &'static str, &'a str)> {
        let told = step
            .checks
            .iter()
            .filter(|c| !matches!(c.result, CheckResult::Pass | CheckResult::NotApplicable));
        told.map(|c| {
            let (look, symbol, _) = result_words(&c.result);
            (look, symbol, c.message.as_str())
        })
        .collect()
    }

    fn wide(&self) -> usize {
        self.steps.iter().filter(|s| s.action != PlanAction::None).count()
    }
}

pub async fn page(state: &State, http: &HttpRequest, who: &Identity, chosen: PlanQuery) -> Result<Page> {
    let caller = Caller(Some(std::sync::Arc::new(who.clone())));
    let (rows, _) = targets::list(state, who, &PageQuery { after: None, limit: Some(MAX_LIMIT) }).await?;
    let (mut steps, mut ready, mut refused) = (vec![], false, None);
    if let Some(release) = chosen.release.as_deref().filter(|r| !r.trim().is_empty()) {
        let config = chosen.config.as_deref().unwrap_or_default();
        let planned = match request(chosen.target.0.clone(), release, config) {
            Ok(asked) => plan::plan(state, who, &asked).await,
            Err(error) => Err(error),
        };
        match planned {
            Ok(planned) => {
                ready = plan::approve(&planned).is_ok();
                steps = planned.iter().map(StepView::from).collect();
            }
            Err(error) if error.kind() == Kind::Invalid => refused = Some(error.detail().to_owned()),
            Err(error) => return Err(error),
        }
    }
    Ok(Page {
        frame: Frame::of(state, http, &caller, "deployments", "New deployment")?,
        targets: targets::view::views(state, rows).await?,
        chosen,
        steps,
        ready,
        refused,
    })
}
