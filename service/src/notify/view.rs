//! How an inbox looks from outside.
use crate::{
    error::{Error, Result},
    reviews::reasons,
};
use serde::{Deserialize, Serialize};
use tamis_entities::{
    event, inbox_item,
    value::{NoticeKind, ReviewAction, Sha256, Slug, Timestamp, Version},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct InboxQuery {
    /// Only what you have not read, or only what you have.
    pub unread: Option<bool>,
    /// Where the page before ended: its `next`.
    pub after: Option<String>,
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u64>,
}

/// What an event was about, as it was called then; all that people and programs are told of it.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct About {
    pub namespace: Slug,
    pub filter: Slug,
    pub version: Version,
    pub digest: Sha256,
    pub review: Option<Uuid>,
    /// What the review asks for.
    pub action: Option<ReviewAction>,
    /// A code of the catalogue of reasons, or words.
    pub reason: Option<String>,
    /// What was said with it; of long words the beginning.
    pub note: Option<String>,
}

impl About {
    /// Why, in words.
    pub fn why(&self) -> Option<&str> {
        let reason = self.reason.as_deref();
        self.note.as_deref().or_else(|| reasons::text(reason)).or(reason)
    }
}

#[derive(Serialize, ToSchema)]
pub struct InboxItem {
    pub id: Uuid,
    pub kind: NoticeKind,
    pub at: Timestamp,
    pub read: bool,
    pub about: About,
}

impl InboxItem {
    pub fn of(item: &inbox_item::Model, event: event::Model) -> Result<Self> {
        Ok(Self {
            id: item.event_id,
            kind: event.kind.parse().map_err(|_| Error::internal("an item of a kind that is not told"))?,
            at: event.created_at,
            read: item.read_at.is_some(),
            about: serde_json::from_value(event.payload)?,
        })
    }
}

#[derive(Serialize, ToSchema)]
pub struct UnreadView {
    pub unread: u64,
}

/// How you want to be told.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationSettings {
    /// By mail, to the verified address of your account, as far as this server sends any.
    pub mail: bool,
}
