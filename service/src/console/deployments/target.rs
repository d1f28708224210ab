//! The page of a target: how it is, what it holds, and what can be done about it.
use super::{
    host, kind_words, release_badge,
    rules::{self, Line},
    side, state_badge,
};
use crate::{
    auth::{Caller, Identity},
    console::{ask::Ask, figures, frame::Frame, parts::*},
    deployments::{self, view::DeploymentView},
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
use tamis_entities::value::{DeploymentState, TargetKind, Timestamp};
use uuid::Uuid;

#[derive(Template)]
#[template(path = "console/deploy_target.html")]
pub struct Page {
    frame: Frame,
    target: TargetView,
    /// Of a webhook that was just made.
    secret: Option<String>,
    deployments: Vec<DeploymentView>,
    rules: Vec<Line>,
    asked: Option<String>,
    now: Timestamp,
}

impl Page {
    fn here(&self) -> String {
        format!("/deployments/targets/{}", self.target.id)
    }

    fn badge(&self) -> Safe<String> {
        match self.target.standing {
            TargetStanding::Paused => badge("outline", "clock", "Paused"),
            TargetStanding::NoAnswer => badge("error", "barred", "No answer"),
            TargetStanding::Ready => badge("pass", "check", "Ready"),
        }
    }

    fn follows(&self) -> bool {
        !self.target.paused && self.deployments.iter().any(|d| d.state == DeploymentState::Waiting)
    }

    fn ask_removal(&self) -> Ask {
        let held = self.deployments.iter().filter(|d| d.state != DeploymentState::Removed).count();
        let consequence = match held {
            0 => "It holds nothing. Its history goes with it.".into(),
            1 => "It holds one filter, which stays there and is looked after by nobody.".into(),
            many => format!("It holds {many} filters, which stay there and are looked after by nobody."),
        };
        Ask {
            id: "target".into(),
            title: format!("Forget {}", self.target.name),
            consequence,
            verb: "Forget",
            busy: "Forgetting…",
            to: format!("{}/removal", self.here()),
            fields: vec![],
        }
    }

    fn asks(&self) -> Vec<Ask> {
        std::iter::once(self.ask_removal()).chain(self.rules.iter().map(Line::ask)).collect()
    }
}

pub async fn page(
    state: &State,
    request: &HttpRequest,
    who: &Identity,
    id: Uuid,
    (asked, secret): (Option<String>, Option<String>),
) -> Result<Page> {
    let caller = Caller(Some(std::sync::Arc::new(who.clone())));
    let (row, home) = targets::find(&*state.db, who, id).await?;
    let whole = PageQuery { after: None, limit: Some(MAX_LIMIT) };
    let (rows, _) = deployments::list(state, who, Some(id), &whole).await?;
    Ok(Page {
        frame: Frame::of(state, request, &caller, "deployments", row.name.to_string())?,
        target: targets::view::view(row, &home),
        secret,
        deployments: deployments::view::views(state, rows).await?,
        rules: rules::lines(state, id).await?,
        asked,
        now: state.clock.now(),
    })
}
