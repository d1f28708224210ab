//! The page of one webhook: its state, its messages with their last answers, and what can be done with it.
use super::{Above, path};
use crate::{
    auth::{Caller, Identity},
    console::{
        ask::{self, Ask},
        figures,
        frame::Frame,
        parts::*,
    },
    error::{Error, Result},
    http::page::PageQuery,
    state::State,
    webhooks::{
        self, deliver,
        view::{DeliveryView, HookChange, HookView},
    },
};
use actix_web::HttpRequest;
use askama::{Template, filters::Safe};
use serde::Deserialize;
use std::sync::Arc;
use tamis_entities::{
    namespace,
    value::{DeliveryState, NamespaceKind, Slug, Timestamp},
    webhook,
};
use utoipa::ToSchema;

const SHOWN: u64 = 25;

/// What is done with a webhook.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HookForm {
    /// From the page that shows the form.
    #[serde(default)]
    pub form: String,
    /// `ping`, `rotate`, `switch-on`, `switch-off` or `delete`
    #[serde(default)]
    pub act: String,
}

/// What there is to see after it.
pub enum Done {
    Same,
    Gone,
    /// With another secret, shown once.
    Rotated(webhook::Model),
}

#[derive(Template)]
#[template(path = "console/webhook.html")]
pub struct Page {
    frame: Frame,
    home: Slug,
    above: Above,
    hook: HookView,
    deliveries: Vec<DeliveryView>,
    next: Option<String>,
    /// Made or rotated just now.
    secret: Option<String>,
    asked: Option<String>,
    now: Timestamp,
}

impl Page {
    fn here(&self) -> String {
        format!("{}/{}", path(&self.home), self.hook.id)
    }

    fn ask(&self, act: &'static str, verb: &'static str, busy: &'static str, means: &str) -> Ask {
        Ask {
            id: act.into(),
            title: format!("{verb} this webhook"),
            consequence: means.into(),
            verb,
            busy,
            to: self.here(),
            fields: vec![("act", act.into())],
        }
    }

    fn ask_deletion(&self) -> Ask {
        let means = "What was still to be sent is not sent any more, and the list of messages is gone.";
        self.ask("delete", "Delete", "Deleting…", means)
    }

    fn asks(&self) -> Vec<Ask> {
        vec![self.ask_deletion()]
    }

    fn outcome(&self, delivery: &DeliveryView) -> Safe<String> {
        match delivery.state {
            DeliveryState::Delivered => badge("pass", "check", "Delivered"),
            DeliveryState::Dead => badge("fail", "x", "Given up"),
            DeliveryState::Pending if delivery.attempts > 0 => badge("warn", "clock", "Will be tried again"),
            DeliveryState::Pending => badge("outline", "clock", "On its way"),
        }
    }

    fn is_pending(&self, delivery: &DeliveryView) -> bool {
        delivery.state == DeliveryState::Pending
    }
}

pub async fn page(
    state: &State,
    request: &HttpRequest,
    who: &Identity,
    (home, hook): (namespace::Model, webhook::Model),
    (asked, after): (Option<String>, Option<String>),
    secret: Option<String>,
) -> Result<Page> {
    let caller = Caller(Some(Arc::new(who.clone())));
    let place = if home.kind == NamespaceKind::Team { "" } else { "my" };
    let sent = deliver::list(state, &hook, &PageQuery { after, limit: Some(SHOWN) }).await?;
    let here = format!("{}/{}", path(&home.handle), hook.id);
    let next = sent.next.map(|after| {
        let query =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("after", &after).finish();
        format!("{here}?{query}")
    });
    Ok(Page {
        frame: Frame::of(state, request, &caller, place, "Webhook")?,
        above: Above::of(&home),
        home: home.handle,
        hook: hook.into(),
        deliveries: sent.items,
        next,
        secret,
        asked,
        now: state.clock.now(),
    })
}

pub async fn act(
    state: &State,
    who: &Identity,
    home: &namespace::Model,
    hook: webhook::Model,
    act: &str,
) -> Result<Done> {
    let switched = |enabled| HookChange { url: None, kinds: None, enabled: Some(enabled) };
    match act {
        "ping" => deliver::ping(state, &hook).await.map(|_| Done::Same),
        "switch-on" => webhooks::change(state, who, home, hook, switched(true)).await.map(|_| Done::Same),
        "switch-off" => webhooks::change(state, who, home, hook, switched(false)).await.map(|_| Done::Same),
        "delete" => webhooks::remove(state, who, home, hook).await.map(|()| Done::Gone),
        "rotate" => webhooks::rotate(state, who, home, hook).await.map(Done::Rotated),
        _ => Err(Error::invalid("act", "`ping`, `rotate`, `switch-on`, `switch-off` or `delete`")),
    }
}
