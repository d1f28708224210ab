//! Webhooks of a namespace as pages: where it wants to be told, what was sent and how that went. Every act is a
//! use case of the webhooks slice.
pub mod hook;
pub mod http;

use super::{figures, frame::Frame, parts::*};
use crate::{
    auth::{Caller, Identity},
    error::{Error, Kind, Result},
    state::State,
    webhooks::{self, view::HookView},
};
use actix_web::{HttpRequest, http::StatusCode};
use askama::Template;
use sea_orm::Iterable;
use std::{collections::BTreeMap, sync::Arc};
use tamis_entities::{
    namespace,
    value::{NamespaceKind, NoticeKind, Slug, Timestamp},
};
use utoipa_actix_web::service_config::ServiceConfig;
use webhooks::view::HookRequest;

pub type Fields = BTreeMap<String, String>;

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::show_webhooks)
        .service(http::create_webhook_by_form)
        .service(http::show_webhook)
        .service(http::change_webhook_by_form)
        .service(http::redeliver_by_form);
}

pub fn path(home: &Slug) -> String {
    format!("/namespaces/{home}/webhooks")
}

/// Where the page stands: below the team, or below what is one's own.
pub struct Above {
    pub link: String,
    pub name: String,
}

impl Above {
    pub fn of(home: &namespace::Model) -> Self {
        match home.kind {
            NamespaceKind::Team => {
                Self { link: format!("/teams/{}", home.handle), name: home.handle.to_string() }
            }
            _ => Self { link: "/my".into(), name: "My work".into() },
        }
    }
}

/// A form that was refused, to be shown with what was typed into it.
#[derive(Default)]
pub struct Outcome {
    refused: Option<Error>,
    fields: Fields,
}

impl Outcome {
    pub fn refused(error: Error, fields: Fields) -> Self {
        Self { refused: Some(error), fields }
    }

    pub fn status(&self) -> StatusCode {
        match &self.refused {
            Some(error) if error.kind() == Kind::Forbidden => StatusCode::FORBIDDEN,
            Some(_) => StatusCode::BAD_REQUEST,
            None => StatusCode::OK,
        }
    }
}

/// Every field but these is a kind that was ticked.
pub fn read(fields: &Fields) -> Result<HookRequest> {
    let ticked = fields.keys().filter(|name| !["form", "url"].contains(&name.as_str()));
    let kinds =
        ticked.map(|name| name.parse().map_err(|_| Error::invalid("kinds", format!("`{name}` is none"))));
    let url = fields.get("url").map(|text| text.trim().to_owned()).unwrap_or_default();
    Ok(HookRequest { url, kinds: Some(kinds.collect::<Result<_>>()?) })
}

#[derive(Template)]
#[template(path = "console/webhooks.html")]
pub struct Page {
    frame: Frame,
    home: Slug,
    above: Above,
    hooks: Vec<HookView>,
    refused: Option<String>,
    fields: Fields,
    now: Timestamp,
}

impl Page {
    fn url(&self) -> &str {
        self.fields.get("url").map_or("", String::as_str)
    }

    /// Whether something was ticked.
    fn some(&self) -> bool {
        self.kinds().iter().flat_map(|(_, kinds)| kinds).any(|(_, ticked)| *ticked)
    }

    /// What can be ticked, under the words before the dot.
    fn kinds(&self) -> Vec<(String, Vec<(&'static str, bool)>)> {
        let mut groups: Vec<(String, Vec<_>)> = vec![];
        for kind in NoticeKind::iter() {
            let word = kind.as_str();
            let title = figures::capital(word.split('.').next().unwrap_or(word))
                .replace("Capability-url", "Capability URL");
            let entry = (word, self.fields.contains_key(word));
            match groups.last_mut().filter(|(group, _)| *group == title) {
                Some((_, kinds)) => kinds.push(entry),
                None => groups.push((title, vec![entry])),
            }
        }
        groups
    }
}

pub async fn page(
    state: &State,
    request: &HttpRequest,
    who: &Identity,
    home: namespace::Model,
    outcome: Outcome,
) -> Result<Page> {
    let caller = Caller(Some(Arc::new(who.clone())));
    let place = if home.kind == NamespaceKind::Team { "" } else { "my" };
    Ok(Page {
        frame: Frame::of(state, request, &caller, place, format!("Webhooks of {}", home.handle))?,
        above: Above::of(&home),
        hooks: webhooks::list(state, &home).await?.into_iter().map(Into::into).collect(),
        refused: outcome.refused.map(|error| error.detail().to_owned()),
        fields: outcome.fields,
        home: home.handle,
        now: state.clock.now(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_asks_for_what_was_ticked_and_for_nothing_else() {
        let fields = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect::<Fields>()
        };
        let asked =
            read(&fields(&[("url", " https://a.test/ "), ("release.yank", "on"), ("form", "x")])).unwrap();
        assert_eq!(
            (asked.url.as_str(), asked.kinds),
            ("https://a.test/", Some(vec![NoticeKind::ReleaseYank]))
        );
        assert!(read(&fields(&[("url", "https://a.test/"), ("everything", "on")])).is_err());
    }
}
