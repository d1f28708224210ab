//! Who can see a filter and why, for who manages it: grants, visibility, and giving it away. Every act is a use
//! case of the filters' slice.
pub mod http;
pub mod urls;

use super::{
    ask::{self, Ask},
    figures,
    frame::Frame,
    parts::*,
};
use crate::{
    auth::FilterAccess,
    capability_urls::{self, view::CapabilityUrlView},
    error::{Kind, Result},
    filters::{
        audience::{self, AccessItem, Because},
        grants::{self, GrantView},
        transfer::{self, TransferView},
        view::{self, ShownVisibility},
    },
    http::page::{Page as Items, PageQuery},
    state::State,
};
use actix_web::HttpRequest;
use askama::Template;
use http::AccessPageQuery;
use tamis_entities::value::{GrantLevel, Timestamp, Visibility};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::show_access)
        .service(http::give_grant_by_form)
        .service(http::take_grant_by_form)
        .service(http::set_visibility_by_form)
        .service(urls::create_capability_url_by_form)
        .service(urls::change_capability_url_by_form)
        .service(http::offer_transfer_by_form)
        .service(http::withdraw_transfer_by_form);
}

#[derive(Template)]
#[template(path = "console/access.html")]
pub struct Page {
    frame: Frame,
    name: String,
    namespace: String,
    filter: String,
    shown: ShownVisibility,
    stored: Visibility,
    audience: Items<AccessItem>,
    grants: Vec<GrantView>,
    urls: Vec<CapabilityUrlView>,
    offer: Option<TransferView>,
    owns: bool,
    asked: Option<String>,
    now: Timestamp,
}

/// Who it is about, with the sign that stands for such.
fn principal(item: &AccessItem) -> (&'static str, String) {
    match item.principal.split_once(':') {
        Some(("user", name)) => ("person", name.to_owned()),
        Some(("role", "admin")) => ("key", "Administrators".into()),
        Some(("role", "curator")) => ("eye", "Curators".into()),
        Some(("capability-url", name)) => ("key", format!("Whoever knows the URL {name}")),
        _ if item.principal == "everyone" => ("globe", "Everyone".into()),
        _ => ("person", "Everyone signed in".into()),
    }
}

fn whom(grant: &GrantView) -> &str {
    grant.subject.split_once(':').map_or("", |(_, name)| name)
}

fn why(item: &AccessItem) -> String {
    let level = if item.level == Some(GrantLevel::Write) { "write" } else { "read" };
    match (item.because, &item.team) {
        (Because::Published, _) => "Something of it is published".into(),
        (Because::Public, _) => "Its visibility is public".into(),
        (Because::Admin, _) => "See that it is there, not its bytes".into(),
        (Because::Review, _) => "Were asked to review it".into(),
        (Because::Member, _) => {
            format!("{} of the namespace", item.role.map_or("member", |role| role.as_str()))
        }
        (Because::Grant, Some(team)) => format!("Grant to {level}, given to {team}"),
        (Because::Grant, None) => format!("Grant to {level}"),
        (Because::CapabilityUrl, _) => "Gets the bytes of one release without signing in".into(),
    }
}

impl Page {
    fn here(&self) -> String {
        format!("/filters/{}/access", self.name)
    }

    fn next(&self) -> Option<String> {
        let after = self.audience.next.as_ref()?;
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("after", after).finish();
        Some(format!("{}?{query}", self.here()))
    }

    fn has_ended(&self, grant: &GrantView) -> bool {
        grant.expires_at.is_some_and(|end| end <= self.now)
    }

    fn is_public(&self) -> bool {
        self.stored == Visibility::Public
    }

    fn today(&self) -> String {
        ask::day(&self.now)
    }

    fn ask_grant(&self, grant: &GrantView) -> Ask {
        let whom = whom(grant);
        Ask {
            id: format!("grant-{}", grant.subject.replace(':', "-")),
            title: format!("Take back what {whom} may"),
            consequence: format!("{whom} keeps what they may see of {} for other reasons.", self.name),
            verb: "Take back",
            busy: "Taking back…",
            to: format!("{}/grants/removal", self.here()),
            fields: vec![("subject", grant.subject.clone())],
        }
    }

    fn url_at(&self, url: &CapabilityUrlView) -> String {
        format!("{}/capability-urls/{}", self.here(), url.id)
    }

    fn ask_url(&self, url: &CapabilityUrlView) -> Ask {
        Ask {
            id: format!("url-{}", url.name),
            title: format!("Revoke the URL {}", url.name),
            consequence:
                "It answers nobody any more. Proxies that run keep what they have; those that start get nothing."
                    .into(),
            verb: "Revoke",
            busy: "Revoking…",
            to: self.url_at(url),
            fields: vec![("act", "revoke".into())],
        }
    }

    fn has_lapsed(&self, url: &CapabilityUrlView) -> bool {
        url.expires_at <= self.now
    }

    fn used_at(&self, url: &CapabilityUrlView) -> String {
        urls::used_at(&self.name, &url.version)
    }

    fn asks(&self) -> Vec<Ask> {
        let grants = self.grants.iter().map(|grant| self.ask_grant(grant));
        grants.chain(self.urls.iter().map(|url| self.ask_url(url))).collect()
    }
}

pub async fn page(
    state: &State,
    request: &HttpRequest,
    access: FilterAccess,
    query: AccessPageQuery,
) -> Result<Page> {
    let page = PageQuery { after: query.after, limit: Some(50) };
    let offer = match transfer::current(state, &access).await {
        Ok(offer) => Some(offer),
        Err(error) if error.kind() == Kind::NotFound => None,
        Err(error) => return Err(error),
    };
    Ok(Page {
        frame: Frame::of(state, request, &access.caller, "catalog", format!("Access to {}", access.name()))?,
        audience: audience::list(state, &access, &page).await?,
        grants: grants::list(state, &access).await?,
        urls: capability_urls::view::views(state, capability_urls::list(state, &access).await?).await?,
        offer,
        owns: access.relation.owns(),
        name: access.name(),
        shown: view::visibility(&access.filter),
        stored: access.filter.visibility,
        namespace: access.namespace.handle.to_string(),
        filter: access.filter.name.to_string(),
        asked: query.ask,
        now: state.clock.now(),
    })
}
