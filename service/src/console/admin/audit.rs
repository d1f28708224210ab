//! The page of the audit log: newest first, narrowed by who, what and to what.
use super::{Place, places};
use crate::{
    audit::list::{self, AuditQuery, AuditView},
    auth::{Caller, Identity},
    console::{figures, frame::Frame, parts::*},
    error::Result,
    state::State,
};
use actix_web::HttpRequest;
use askama::Template;
use serde_json::Value;
use tamis_entities::value::Timestamp;

const ON_A_PAGE: u64 = 50;

#[derive(Template)]
#[template(path = "console/audit.html")]
pub struct Page {
    frame: Frame,
    places: Vec<Place>,
    entries: Vec<AuditView>,
    next: Option<String>,
    query: AuditQuery,
    now: Timestamp,
}

/// The same page, narrowed so.
fn link(query: &AuditQuery) -> String {
    let mut url = url::form_urlencoded::Serializer::new(String::new());
    let all = [
        ("actor", &query.actor),
        ("action", &query.action),
        ("object", &query.object),
        ("after", &query.after),
    ];
    for (name, value) in all {
        if let Some(value) = value {
            url.append_pair(name, value);
        }
    }
    format!("/admin/audit?{}", url.finish())
}

/// A list as a list of words.
fn told_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(told_value).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

impl Page {
    fn typed<'a>(&self, field: &'a Option<String>) -> &'a str {
        field.as_deref().unwrap_or_default()
    }

    fn is_narrowed(&self) -> bool {
        self.query.actor.is_some() || self.query.action.is_some() || self.query.object.is_some()
    }

    fn is_continued(&self) -> bool {
        self.query.after.is_some()
    }

    fn first(&self) -> String {
        link(&AuditQuery { after: None, ..self.query.clone() })
    }

    fn by(&self, actor: &str) -> String {
        link(&AuditQuery { actor: Some(actor.to_owned()), after: None, ..self.query.clone() })
    }

    fn done(&self, action: &str) -> String {
        link(&AuditQuery { action: Some(action.to_owned()), after: None, ..self.query.clone() })
    }

    fn about(&self, object: &str) -> String {
        link(&AuditQuery { object: Some(object.to_owned()), after: None, ..self.query.clone() })
    }

    /// `name: ci, scopes: filters:read`, without what is not set; digests short.
    fn detail(&self, entry: &AuditView) -> String {
        let Some(fields) = entry.detail.as_object() else { return entry.detail.to_string() };
        let is_empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        let of_a_review = entry.action.starts_with("review.");
        let told = fields.iter().filter(|(_, value)| !is_empty(value));
        let word = |(name, value): (&String, &Value)| {
            let value = match name.as_str() {
                // Words of ours, as they are stored; of anything else these may be names.
                "from" | "to" | "state" | "action" | "decision" if of_a_review => {
                    told_value(value).replace('_', " ")
                }
                _ => told_value(value),
            };
            let digest = value.strip_prefix("sha256:").and_then(|hex| hex.parse().ok());
            let value = digest.map_or(value, |digest| figures::tiny(&digest));
            format!("{}: {value}", name.replace('_', " "))
        };
        told.map(word).collect::<Vec<_>>().join(", ")
    }

    /// The time of day and the day.
    fn exact(&self, entry: &AuditView) -> String {
        entry.at.to_string().chars().take(19).collect::<String>().replace('T', " ")
    }
}

pub async fn page(state: &State, request: &HttpRequest, who: &Identity, query: AuditQuery) -> Result<Page> {
    let said = |text: Option<String>| text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    let query = AuditQuery {
        actor: said(query.actor),
        action: said(query.action),
        object: said(query.object),
        after: said(query.after),
        limit: Some(ON_A_PAGE),
    };
    let found = list::list(state, &query).await?;
    let caller = Caller(Some(std::sync::Arc::new(who.clone())));
    Ok(Page {
        frame: Frame::of(state, request, &caller, "admin", "Audit")?,
        places: places(who, "Audit"),
        next: found.next.map(|after| link(&AuditQuery { after: Some(after), ..query.clone() })),
        entries: found.items,
        query,
        now: state.clock.now(),
    })
}
