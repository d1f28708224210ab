//! How webhooks and their deliveries look from outside.
use serde::{Deserialize, Serialize};
use tamis_entities::{
    value::{DeliveryState, NoticeKind, Timestamp},
    webhook, webhook_delivery,
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "https://ci.example.org/tamis", "kinds": ["review.approve", "release.publish"]}))]
pub struct HookRequest {
    /// An https URL, reached over the public network unless the operator allows another.
    #[schema(max_length = 2048)]
    pub url: String,
    /// What to be told of; without it everything.
    #[schema(max_items = 50)]
    pub kinds: Option<Vec<NoticeKind>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HookChange {
    #[schema(max_length = 2048)]
    pub url: Option<String>,
    /// An empty list: everything.
    #[schema(max_items = 50)]
    pub kinds: Option<Vec<NoticeKind>>,
    /// A receiver that answers 410 is switched off.
    pub enabled: Option<bool>,
}

#[derive(Serialize, ToSchema)]
pub struct HookView {
    pub id: Uuid,
    pub url: String,
    /// Empty: everything.
    pub kinds: Vec<String>,
    pub enabled: bool,
    pub created_at: Timestamp,
    /// Until then messages carry the former secret's signature too.
    pub former_secret_until: Option<Timestamp>,
}

impl From<webhook::Model> for HookView {
    fn from(hook: webhook::Model) -> Self {
        Self {
            id: hook.id,
            url: hook.url,
            kinds: hook.kinds.0,
            enabled: hook.enabled,
            created_at: hook.created_at,
            former_secret_until: hook.former_until,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct NewHookView {
    #[serde(flatten)]
    pub webhook: HookView,
    /// `whsec_` and the key in base64; shown this once.
    pub secret: String,
}

impl From<webhook::Model> for NewHookView {
    fn from(hook: webhook::Model) -> Self {
        Self { secret: hook.secret.0.clone(), webhook: hook.into() }
    }
}

/// One message and how its sending went.
#[derive(Serialize, ToSchema)]
pub struct DeliveryView {
    pub id: Uuid,
    /// What the message carries as `webhook-id`, however often it is sent.
    pub message_id: String,
    pub kind: String,
    /// `dead`: given up; a redelivery tries again.
    pub state: DeliveryState,
    pub attempts: i64,
    pub next_at: Option<Timestamp>,
    /// The status of the last answer, if there was one.
    pub last_status: Option<i64>,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
    pub delivered_at: Option<Timestamp>,
}

impl From<webhook_delivery::Model> for DeliveryView {
    fn from(d: webhook_delivery::Model) -> Self {
        Self {
            id: d.id,
            message_id: super::send::message_id(d.id),
            kind: d.kind,
            state: d.state,
            attempts: d.attempts,
            next_at: d.next_at,
            last_status: d.last_status,
            last_error: d.last_error,
            created_at: d.created_at,
            delivered_at: d.delivered_at,
        }
    }
}
