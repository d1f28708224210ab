//! Targets and what they hold: the overview, the pages of a target and of a deployment, and the plan before
//! anything is sent. Every act is a use case of another slice.
pub mod deployment;
pub mod held;
pub mod http;
pub mod new;
pub mod rules;
pub mod target;

use super::{ask, figures, frame::Frame, parts::*};
use crate::{
    auth::{Caller, Identity},
    deployments::{
        self,
        view::{DeploymentView, Side},
    },
    error::Result,
    http::page::{MAX_LIMIT, PageQuery},
    state::State,
    targets::{
        self,
        view::{TargetStanding, TargetView},
    },
};
use actix_web::HttpRequest;
use askama::{Template, filters::Safe};
use tamis_entities::value::{DeploymentState, ReleaseState, Reported, TargetKind, Timestamp};
use utoipa_actix_web::service_config::ServiceConfig;

pub const HERE: &str = "/deployments";

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::show_deployments)
        // Before the one with an id, which would take the word for one.
        .service(http::show_new_deployment)
        .service(http::deploy_by_form)
        .service(http::create_target_by_form)
        .service(http::show_target)
        .service(http::probe_target_by_form)
        .service(http::pause_target_by_form)
        .service(http::remove_target_by_form)
        .service(rules::create_rule_by_form)
        .service(rules::remove_rule_by_form)
        .service(http::show_deployment)
        .service(http::retry_by_form)
        .service(http::roll_back_by_form)
        .service(http::undeploy_by_form);
}

#[derive(Template)]
#[template(path = "console/deployments.html")]
pub struct Page {
    frame: Frame,
    places: Vec<String>,
    targets: Vec<TargetView>,
    deployments: Vec<DeploymentView>,
    now: Timestamp,
}

/// Where a deployment stands, as a badge. What nobody can be sure of never looks like success.
pub fn state_badge(one: &DeploymentView) -> Safe<String> {
    match (one.state, one.reported) {
        (DeploymentState::Deployed, Some(Reported::Missing | Reported::Changed)) => {
            badge("warn", "warn", "Drifted")
        }
        (DeploymentState::Deployed, _) => badge("pass", "check", "In step"),
        (DeploymentState::Waiting, _) if one.last_error.is_some() => badge("error", "barred", "No answer"),
        (DeploymentState::Waiting, _) if one.wanted.is_none() => badge("accent", "timer", "Being taken back"),
        (DeploymentState::Waiting, _) => badge("accent", "timer", "Deploying"),
        (DeploymentState::Removed, _) => badge("outline", "", "Taken back"),
        (DeploymentState::Blocked, _) => badge("fail", "x", "Not allowed"),
        (DeploymentState::Dead, _) => badge("fail", "x", "Given up"),
    }
}

/// What became of a release since it was deployed, if it is not as it was.
pub fn release_badge(one: &DeploymentView) -> Safe<String> {
    let there = !matches!(one.state, DeploymentState::Removed) && one.wanted.is_some();
    match one.release_state.filter(|_| there) {
        Some(ReleaseState::Quarantined) => badge("fail", "warn", "Quarantined"),
        Some(ReleaseState::Yanked) => badge("warn", "warn", "Yanked"),
        Some(ReleaseState::Draft) => badge("outline", "", "Not published"),
        Some(ReleaseState::Published) => Safe(String::new()),
        None if there => badge("fail", "warn", "Release gone"),
        None => Safe(String::new()),
    }
}

pub fn side(side: &Option<Side>) -> Safe<String> {
    match side {
        Some(side) => Safe(format!(
            "{} <span class=\"mono soft\">{}</span>",
            escape(side.version.as_str()),
            tiny(&side.digest)
        )),
        None => Safe("<span class=\"soft\">nothing</span>".into()),
    }
}

/// `9c3b…40fe` of a digest in its long form.
pub fn tiny(digest: &str) -> String {
    let hex = digest.trim_start_matches("sha256:");
    match (hex.get(..4), hex.len().checked_sub(4).and_then(|at| hex.get(at..))) {
        (Some(head), Some(tail)) => format!("{head}…{tail}"),
        _ => String::new(),
    }
}

pub fn kind_words(kind: &TargetKind) -> &'static str {
    match kind {
        TargetKind::Meshery => "Meshery",
        TargetKind::Webhook => "Signed webhook",
    }
}

pub fn host(url: &str) -> String {
    let parsed = tamis_outbound::parse_url(url).ok();
    parsed.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

impl Page {
    fn of<'a>(&'a self, target: &'a TargetView) -> impl Iterator<Item = &'a DeploymentView> {
        self.deployments.iter().filter(|d| d.target == target.id)
    }

    fn held(&self, target: &TargetView) -> usize {
        self.of(target).filter(|d| d.state != DeploymentState::Removed).count()
    }

    fn badge(&self, target: &TargetView) -> Safe<String> {
        let count = |is: fn(&DeploymentView) -> bool| self.of(target).filter(|d| is(d)).count();
        let drifted = count(|d| d.drifted_at.is_some());
        let refused = count(|d| matches!(d.state, DeploymentState::Blocked | DeploymentState::Dead));
        let barred = count(|d| d.release_state == Some(ReleaseState::Quarantined));
        match target.standing {
            TargetStanding::Paused => badge("outline", "clock", "Paused"),
            TargetStanding::NoAnswer => badge("error", "barred", "No answer"),
            TargetStanding::Ready if refused > 0 => badge("fail", "x", &format!("{refused} not deployed")),
            TargetStanding::Ready if barred > 0 => badge("fail", "warn", &format!("{barred} quarantined")),
            TargetStanding::Ready if drifted > 0 => badge("warn", "warn", &format!("{drifted} drifted")),
            TargetStanding::Ready if self.of(target).any(|d| d.state == DeploymentState::Waiting) => {
                badge("accent", "timer", "Deploying")
            }
            TargetStanding::Ready => badge("pass", "check", "In step"),
        }
    }

    fn drifted(&self) -> Vec<&DeploymentView> {
        self.deployments.iter().filter(|d| d.drifted_at.is_some()).collect()
    }

    fn standing(&self) -> Vec<&DeploymentView> {
        self.deployments.iter().filter(|d| d.state != DeploymentState::Removed).collect()
    }

    /// Something is on its way: the page follows it.
    fn follows(&self) -> bool {
        self.deployments.iter().any(|d| d.state == DeploymentState::Waiting)
    }

    fn done(&self) -> (usize, usize, usize) {
        let all = self.standing();
        let done = all.iter().filter(|d| d.state == DeploymentState::Deployed).count();
        (done, all.len(), (done * 100).checked_div(all.len()).unwrap_or(100))
    }
}

pub async fn places(state: &State, who: &Identity) -> Result<Vec<String>> {
    let ids = targets::looked_after(who);
    let handles = crate::filters::view::handles(&*state.db, ids.iter().copied()).await?;
    Ok(ids.iter().map(|id| crate::filters::view::handle_of(&handles, *id).to_string()).collect())
}

pub async fn page(state: &State, request: &HttpRequest, caller: &Caller, who: &Identity) -> Result<Page> {
    let whole = PageQuery { after: None, limit: Some(MAX_LIMIT) };
    let (rows, _) = targets::list(state, who, &whole).await?;
    let (deployed, _) = deployments::list(state, who, None, &whole).await?;
    Ok(Page {
        frame: Frame::of(state, request, caller, "deployments", "Deployments")?,
        places: places(state, who).await?,
        targets: targets::view::views(state, rows).await?,
        deployments: deployments::view::views(state, deployed).await?,
        now: state.clock.now(),
    })
}
