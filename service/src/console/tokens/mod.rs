//! What acts for a person: their tokens, browser sessions and connected programs, and the way to end each.
//! Every act is a use case of another slice.
pub mod devices;
pub mod form;
pub mod http;

use super::{
    ask::{self, Ask},
    figures,
    frame::Frame,
    parts::*,
};
use crate::{
    auth::{Caller, Identity, identity::Via},
    error::Result,
    http::page::{MAX_LIMIT, PageQuery},
    oauth::apps::{self, AppGrant},
    sign_in::{local, session},
    state::State,
    tokens::{
        self,
        view::{self, NewTokenView, TokenView},
    },
};
use actix_web::HttpRequest;
use askama::Template;
use form::{Making, Outcome};
use tamis_entities::{session as sessions, value::Timestamp};
use utoipa_actix_web::service_config::ServiceConfig;

pub const HERE: &str = "/my/tokens";

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::show_tokens)
        .service(http::create_token_by_form)
        .service(http::set_password_by_form)
        .service(http::revoke_token_by_form)
        .service(http::end_session_by_form)
        .service(http::end_other_sessions_by_form)
        .service(http::end_application_by_form);
}

#[derive(Template)]
#[template(path = "console/tokens.html")]
pub struct Page {
    frame: Frame,
    tokens: Vec<TokenView>,
    sessions: Vec<sessions::Model>,
    /// The session that looks.
    own: Option<uuid::Uuid>,
    apps: Vec<AppGrant>,
    /// None where nobody signs in with one.
    password: Option<bool>,
    making: Making,
    made: Option<NewTokenView>,
    asked: Option<String>,
    now: Timestamp,
}

impl Page {
    fn here(&self) -> &'static str {
        HERE
    }

    fn by(&self, session: &sessions::Model) -> String {
        match session.method.as_deref() {
            None => "signed in".into(),
            Some("link") => "by a sign-in link".into(),
            Some("password") => "by password".into(),
            Some(provider) => format!("through {provider}"),
        }
    }

    fn ask_token(&self, token: &TokenView) -> Ask {
        revocation(token, format!("{HERE}/{}/revocation", token.id))
    }

    fn ask_session(&self, session: &sessions::Model) -> Ask {
        Ask {
            id: format!("session-{}", session.id),
            title: format!("End the session of {}", devices::name(session.user_agent.as_deref())),
            consequence: "Whoever uses that browser has to sign in again.".into(),
            verb: "End",
            busy: "Ending…",
            to: format!("/my/sessions/{}/end", session.id),
            fields: vec![],
        }
    }

    fn ask_others(&self) -> Ask {
        Ask {
            id: "sessions".into(),
            title: "End all other sessions".into(),
            consequence: "Every browser but this one has to sign in again. Tokens go on.".into(),
            verb: "End all others",
            busy: "Ending…",
            to: "/my/sessions/end".into(),
            fields: vec![],
        }
    }

    fn ask_app(&self, app: &AppGrant) -> Ask {
        Ask {
            id: format!("app-{}", app.id),
            title: format!("Disconnect {}", app.client_name),
            consequence: "Every token of it stops working at once. It has to ask you again.".into(),
            verb: "Disconnect",
            busy: "Disconnecting…",
            to: format!("/my/applications/{}/end", app.id),
            fields: vec![],
        }
    }

    fn is_own(&self, session: &sessions::Model) -> bool {
        self.own == Some(session.id)
    }

    fn has_others(&self) -> bool {
        self.sessions.iter().any(|session| !self.is_own(session))
    }

    fn asks(&self) -> Vec<Ask> {
        let mut asks: Vec<_> = self.tokens.iter().map(|token| self.ask_token(token)).collect();
        let others = self.sessions.iter().filter(|session| !self.is_own(session));
        asks.extend(others.map(|session| self.ask_session(session)));
        asks.extend(self.has_others().then(|| self.ask_others()));
        asks.extend(self.apps.iter().map(|app| self.ask_app(app)));
        asks
    }
}

/// What is asked before a token ends.
pub fn revocation(token: &TokenView, to: String) -> Ask {
    Ask {
        id: format!("token-{}", token.id),
        title: format!("Revoke {}", token.name),
        consequence: "Whatever uses this token is refused from now on. It cannot be brought back.".into(),
        verb: "Revoke",
        busy: "Revoking…",
        to,
        fields: vec![],
    }
}

/// What a token is good for, in words.
pub fn reach(token: &TokenView) -> String {
    match &token.limit {
        None => "all that is yours".into(),
        Some(limit) => match &limit.filter {
            Some(filter) => format!("{}/{filter}", limit.namespace),
            None => format!("all of {}", limit.namespace),
        },
    }
}

pub async fn page(
    state: &State,
    request: &HttpRequest,
    who: &Identity,
    asked: Option<String>,
    outcome: Outcome,
) -> Result<Page> {
    let caller = Caller(Some(std::sync::Arc::new(who.clone())));
    let whole = PageQuery { after: None, limit: Some(MAX_LIMIT) };
    let own = match who.via {
        Via::Session(id) => Some(id),
        _ => None,
    };
    let (made, making) = Making::of(state, who, outcome, false).await?;
    Ok(Page {
        frame: Frame::of(state, request, &caller, "", "Tokens")?,
        tokens: view::views(state, tokens::of(state, who.id).await?).await?,
        sessions: session::list(state, who.id).await?,
        own,
        apps: apps::list(state, who, &whole).await?.items,
        password: match state.sign_in.settings.local {
            true => Some(local::has_password(state, who.id).await?),
            false => None,
        },
        making,
        made,
        asked,
        now: state.clock.now(),
    })
}
