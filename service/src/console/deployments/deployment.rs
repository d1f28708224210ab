//! The page of a deployment: wanted, confirmed, reported, every try, and the ways back.
use super::{
    held::{self, Line},
    release_badge, side, state_badge, tiny,
};
use crate::{
    auth::{Caller, Identity},
    console::{ask::Ask, figures, frame::Frame, parts::*},
    deployments::{
        self,
        view::{AttemptView, DeploymentView},
    },
    error::Result,
    http::page::PageQuery,
    modules::stopped as bytes,
    state::State,
};
use actix_web::HttpRequest;
use askama::{Template, filters::Safe};
use tamis_entities::{
    deployment, deployment_revision,
    value::{AttemptOutcome, DeploymentAct, DeploymentState, Timestamp},
};
use uuid::Uuid;

#[derive(Template)]
#[template(path = "console/deployment.html")]
pub struct Page {
    frame: Frame,
    one: DeploymentView,
    attempts: Vec<AttemptView>,
    former: Option<deployment_revision::Model>,
    /// That these bytes were stopped, and the way back.
    stopped: Option<Line>,
    asked: Option<String>,
    now: Timestamp,
}

impl Page {
    fn here(&self) -> String {
        format!("/deployments/{}", self.one.id)
    }

    fn name(&self) -> String {
        format!("{}/{}", self.one.namespace, self.one.filter)
    }

    fn wanted_version(&self) -> &str {
        self.one.wanted.as_ref().map_or("", |side| side.version.as_str())
    }

    fn follows(&self) -> bool {
        self.one.state == DeploymentState::Waiting
    }

    fn config(&self) -> String {
        serde_json::to_string_pretty(&self.one.effective).unwrap_or_default()
    }

    fn outcome(&self, attempt: &AttemptView) -> Safe<String> {
        match attempt.outcome {
            AttemptOutcome::Confirmed => badge("pass", "check", "Confirmed"),
            AttemptOutcome::Later => badge("warn", "timer", "Again later"),
            AttemptOutcome::Refused => badge("fail", "x", "Refused"),
        }
    }

    fn act(&self, attempt: &AttemptView) -> &'static str {
        match attempt.act {
            DeploymentAct::Deploy => "Deploy",
            DeploymentAct::Remove => "Take back",
            DeploymentAct::ReadBack => "Compare",
        }
    }

    /// One line for each request: what was asked, what came, how long it took.
    fn lines(&self, attempt: &AttemptView) -> Vec<String> {
        let all = attempt.exchanges.as_array().map(Vec::as_slice).unwrap_or_default();
        let line = |e: &serde_json::Value| {
            let came = e["status"].as_i64().map_or("no answer".into(), |s| s.to_string());
            format!("{} → {came}, {} ms", e["request"]["line"].as_str().unwrap_or_default(), e["millis"])
        };
        all.iter().map(line).collect()
    }

    fn ask_roll_back(&self) -> Option<Ask> {
        let former = self.former.as_ref()?;
        let (version, digest) = (former.version.as_ref()?, former.sha256.as_ref()?);
        Some(Ask {
            id: "rollback".into(),
            title: format!("Roll back {} on {} to {version}", self.name(), self.one.target_name),
            consequence: format!(
                "{} is to hold {}, as it was confirmed there before.",
                self.one.target_name,
                digest.digest()
            ),
            verb: "Roll back",
            busy: "Rolling back…",
            to: format!("{}/rollback", self.here()),
            fields: vec![],
        })
    }

    fn ask_removal(&self) -> Option<Ask> {
        let digest = &self.one.wanted.as_ref()?.digest;
        Some(Ask {
            id: "removal".into(),
            title: format!("Take back {} from {}", self.name(), self.one.target_name),
            consequence: format!(
                "{} is taken out of {}; proxies there run without it.",
                tiny(digest),
                self.one.target_name
            ),
            verb: "Take back",
            busy: "Taking back…",
            to: format!("{}/removal", self.here()),
            fields: vec![],
        })
    }

    fn asks(&self) -> Vec<Ask> {
        [self.ask_roll_back(), self.ask_removal()].into_iter().flatten().collect()
    }
}

/// Whatever release of these bytes it was.
async fn stopped(state: &State, row: &deployment::Model) -> Result<Option<Line>> {
    let Some(sha256) = &row.sha256 else { return Ok(None) };
    if !bytes::is_stopped(state, sha256).await? {
        return Ok(None);
    }
    Ok(held::lines(state, vec![row.clone()], sha256).await?.pop())
}

pub async fn page(
    state: &State,
    request: &HttpRequest,
    who: &Identity,
    id: Uuid,
    asked: Option<String>,
) -> Result<Page> {
    let caller = Caller(Some(std::sync::Arc::new(who.clone())));
    let (row, _) = deployments::find(state, who, id).await?;
    let (attempts, _) =
        deployments::attempts(state, &row, &PageQuery { after: None, limit: Some(20) }).await?;
    let former = deployments::former(state, &row).await?;
    let stopped = stopped(state, &row).await?;
    let one = deployments::view::one(state, row).await?;
    Ok(Page {
        frame: Frame::of(
            state,
            request,
            &caller,
            "deployments",
            format!("{}/{} on {}", one.namespace, one.filter, one.target_name),
        )?,
        one,
        attempts: attempts.into_iter().map(Into::into).collect(),
        former,
        stopped,
        asked,
        now: state.clock.now(),
    })
}
