//! The page of a team's robot: its tokens, for those who manage it.
use super::role_badge;
use crate::{
    auth::{Caller, Identity},
    console::{
        ask::{self, Ask},
        figures,
        frame::Frame,
        parts::*,
        tokens::{
            form::{Making, Outcome},
            reach, revocation,
        },
    },
    error::{Error, Result},
    robots::{self, RobotView},
    state::State,
    tokens::{
        self,
        view::{self, NewTokenView, TokenView},
    },
};
use actix_web::HttpRequest;
use askama::Template;
use tamis_entities::{
    namespace,
    value::{Slug, Timestamp},
};

#[derive(Template)]
#[template(path = "console/robot.html")]
pub struct Page {
    frame: Frame,
    team: Slug,
    robot: RobotView,
    tokens: Vec<TokenView>,
    making: Making,
    made: Option<NewTokenView>,
    asked: Option<String>,
    now: Timestamp,
}

pub fn path(team: &Slug, robot: &Slug) -> String {
    format!("/teams/{team}/robots/{robot}")
}

impl Page {
    fn here(&self) -> String {
        path(&self.team, &self.robot.handle)
    }

    fn ask_token(&self, token: &TokenView) -> Ask {
        revocation(token, format!("{}/tokens/{}/revocation", self.here(), token.id))
    }

    fn ask_robot(&self) -> Ask {
        Ask {
            id: "robot".into(),
            title: format!("Remove {}", self.robot.handle),
            consequence: "Its tokens stop working at once. What it uploaded stays, and nobody gets its name."
                .into(),
            verb: "Remove",
            busy: "Removing…",
            to: format!("{}/removal", self.here()),
            fields: vec![],
        }
    }

    fn asks(&self) -> Vec<Ask> {
        let mut asks: Vec<_> = self.tokens.iter().map(|token| self.ask_token(token)).collect();
        asks.push(self.ask_robot());
        asks
    }
}

pub async fn page(
    state: &State,
    request: &HttpRequest,
    who: &Identity,
    (team, robot): (namespace::Model, namespace::Model),
    asked: Option<String>,
    outcome: Outcome,
) -> Result<Page> {
    let caller = Caller(Some(std::sync::Arc::new(who.clone())));
    let (made, making) = Making::of(state, who, outcome, true).await?;
    let all = robots::list(state, &team).await?;
    Ok(Page {
        frame: Frame::of(state, request, &caller, "", robot.handle.to_string())?,
        robot: all.into_iter().find(|r| r.handle == robot.handle).ok_or_else(Error::not_found)?,
        team: team.handle,
        tokens: view::views(state, tokens::of(state, robot.id).await?).await?,
        making,
        made,
        asked,
        now: state.clock.now(),
    })
}
