//! The page of one filter: who and what it is, where it loads, what it may do, how to use it.
pub mod acts;
pub mod barred;
mod deploy;
mod digests;
mod elsewhere;
pub mod http;
pub mod quarantine;
mod stopped;
pub mod twins;
mod typed;
mod usage;
mod used;
mod vouched;

use super::{figures, frame::Frame, grain, hosts, markdown, parts::*, powers};
use crate::{
    auth::{
        FilterAccess,
        access::{self, Sight},
        table::Need,
    },
    error::{Error, Result},
    filters::view::{self as filters, FilterView, ShownVisibility},
    http::page::{MAX_LIMIT, PageQuery},
    modules::store,
    releases::{
        list,
        view::{ReleaseItem, ReleaseView, release_view},
    },
    state::State,
};
use actix_web::HttpRequest;
use askama::{Template, filters::Safe};
use http::FilterPageQuery;
use std::cmp::Reverse;
use tamis_entities::{
    release,
    value::{PluginType, ReleaseState, Timestamp, Version},
};
use tamis_verification::{Report, Severity};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::show_filter)
        .service(http::show_badge)
        .service(http::clone_by_form)
        .service(acts::yank_by_form)
        .service(acts::unyank_by_form)
        .service(quarantine::show_quarantine)
        .service(quarantine::quarantine_by_form);
}

const TABS: [&str; 4] = ["overview", "capabilities", "evidence", "releases"];

#[derive(Template)]
#[template(path = "console/filter.html")]
pub struct Page {
    frame: Frame,
    filter: FilterView,
    shown: Option<Shown>,
    /// Newest version first.
    releases: Vec<ReleaseItem>,
    /// Where there are more, uploaded before these.
    older: Option<String>,
    /// Of all that are published.
    latest: Option<Version>,
    /// Those that were published without votes, where they are marked.
    unvoted: Vec<Version>,
    tab: &'static str,
    /// Where it is drawn.
    used: Option<used::Used>,
    now: Timestamp,
    writes: bool,
    curates: bool,
    manages: bool,
}

/// The release that is looked at.
struct Shown {
    release: ReleaseView,
    report: Report,
    capabilities: Vec<String>,
    /// Whether its bytes are given to who looks.
    bytes: bool,
    usage: Option<usage::Usage>,
    vouched: Option<vouched::Vouched>,
    /// Where its deployment is planned.
    deploy: Option<String>,
    /// What to do about it, if it is quarantined.
    stopped: Option<stopped::Stopped>,
    /// The same, if its bytes are quarantined as another.
    elsewhere: Option<elsewhere::Instead>,
}

impl Shown {
    /// By a quarantine of its own or of the same bytes as another release.
    fn is_stopped(&self) -> bool {
        self.stopped.is_some() || self.elsewhere.is_some()
    }

    fn hosts(&self) -> Vec<hosts::Host> {
        hosts::of(&self.report)
    }

    fn powers(&self) -> Vec<&'static powers::Power> {
        powers::of(&self.capabilities)
    }

    fn digests(&self) -> Vec<digests::Shown<'_>> {
        digests::of(&self.release.forms)
    }

    fn cannot(&self) -> Option<String> {
        powers::cannot(&self.capabilities)
    }

    fn readme(&self) -> Option<Safe<String>> {
        let text = self.release.metadata.readme.as_deref().filter(|text| !text.trim().is_empty());
        text.map(markdown::html)
    }

    fn kind(&self) -> &'static str {
        match self.release.plugin_type {
            Some(PluginType::Http) => "HTTP filter",
            Some(PluginType::Network) => "Network filter",
            Some(PluginType::Service) => "Wasm service",
            None => "Type undeclared",
        }
    }

    /// Findings that ask for something.
    fn asks(&self) -> usize {
        self.report.findings.iter().filter(|f| f.severity != Severity::Info).count()
    }
}

/// One bar of the chart of sizes.
struct Bar {
    x: usize,
    y: i64,
    height: i64,
    now: bool,
}

impl Page {
    fn name(&self) -> String {
        format!("{}/{}", self.filter.namespace, self.filter.name)
    }

    fn at(&self, tab: &str) -> String {
        let mut url = url::form_urlencoded::Serializer::new(String::new());
        if let Some(shown) = &self.shown {
            url.append_pair("version", &shown.release.version.to_string());
        }
        if tab != TABS[0] {
            url.append_pair("tab", tab);
        }
        format!("/filters/{}?{}", self.name(), url.finish())
    }

    fn version(&self, version: &Version) -> String {
        let tab = if self.tab == TABS[0] { String::new() } else { format!("&tab={}", self.tab) };
        format!("/filters/{}?version={version}{tab}", self.name())
    }

    fn tabs(&self) -> [(&'static str, &'static str, Option<usize>); 4] {
        let counts = self.shown.as_ref().map(|s| (s.report.capabilities.len(), s.asks()));
        [
            (TABS[0], "Overview", None),
            (TABS[1], "Capabilities", counts.map(|c| c.0)),
            (TABS[2], "Evidence", counts.map(|c| c.1).filter(|n| *n > 0)),
            (TABS[3], "Releases", Some(self.releases.len()).filter(|_| self.older.is_none())),
        ]
    }

    /// A yanked release can be looked at by those who name it, and is in no list of theirs.
    fn is_listed(&self, version: &Version) -> bool {
        self.releases.iter().any(|release| release.version == *version)
    }

    fn is_unvoted(&self, version: &Version) -> bool {
        self.unvoted.contains(version)
    }

    fn with_label(&self, label: &str) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("label", label).finish();
        format!("/catalog?{query}")
    }

    fn is_latest(&self, release: &ReleaseItem) -> bool {
        release.state == ReleaseState::Published && self.latest.as_ref() == Some(&release.version)
    }

    /// Whether there is more to be done to the release than everyone does.
    fn has_more(&self) -> bool {
        let state = self.shown.as_ref().map(|shown| shown.release.state);
        let stops = self.curates && state != Some(ReleaseState::Quarantined);
        stops || self.manages || (self.writes && state != Some(ReleaseState::Draft))
    }

    /// The same bytes, the same address for everyone who embeds it.
    fn badge_markdown(&self, public_url: &str) -> String {
        let name = self.name();
        format!("[![{name}]({public_url}/filters/{name}/badge.svg)]({public_url}/filters/{name})")
    }

    /// Sizes of the releases by version, oldest first.
    fn bars(&self) -> Vec<Bar> {
        let shown: Vec<_> = self.releases.iter().take(24).collect();
        let most = shown.iter().map(|r| r.size).max().unwrap_or(1).max(1);
        let current = self.shown.as_ref().map(|s| &s.release.version);
        let bar = |(i, r): (usize, &&ReleaseItem)| {
            let height = (r.size * 48 / most).max(2);
            Bar { x: i * 10, y: 50 - height, height, now: Some(&r.version) == current }
        };
        shown.iter().rev().enumerate().map(bar).collect()
    }

    fn public(&self) -> &str {
        self.shown.as_ref().map_or("", |s| s.release.links.raw.split("/modules/").next().unwrap_or_default())
    }
}

fn newest<'a>(releases: impl Iterator<Item = &'a ReleaseItem>) -> Option<Version> {
    releases.map(|release| release.version.clone()).max_by_key(Version::rank)
}

pub async fn page(
    state: &State,
    request: &HttpRequest,
    access: FilterAccess,
    query: FilterPageQuery,
) -> Result<Page> {
    let tab = TABS.into_iter().find(|tab| Some(*tab) == query.tab.as_deref()).unwrap_or(TABS[0]);
    let after = query.after.filter(|_| tab == TABS[3]);
    let is_first = after.is_none();
    let some = list::list(state, &access, &PageQuery { after, limit: Some(MAX_LIMIT) }).await?;
    let (mut releases, next) = (some.items, some.next);
    // Behind a hundred newer uploads there may be one that people mean.
    let latest = match is_first && next.is_none() {
        true => newest(releases.iter().filter(|r| r.state == ReleaseState::Published)),
        false => list::latest(state, access.filter.id).await?,
    };
    releases.sort_by_key(|release| Reverse(release.version.semver()));
    let wanted = match query.version.as_deref().filter(|v| !v.is_empty()) {
        Some(text) => Some(text.parse::<Version>().map_err(|_| Error::not_found())?),
        None => match latest.clone().or_else(|| newest(releases.iter())) {
            Some(version) => Some(version),
            None => barred::newest(state, &access).await?,
        },
    };
    let shown = match wanted {
        Some(version) => Some(shown(state, &access, &version, query.format.as_deref()).await?),
        None => None,
    };
    let used = match &shown {
        Some(_) if tab == TABS[0] => Some(used::of(state, &access).await?),
        _ => None,
    };
    let unvoted = match tab == TABS[3] {
        true => vouched::without(state, access.filter.id).await?,
        false => vec![],
    };
    Ok(Page {
        used,
        unvoted,
        frame: Frame::of(state, request, &access.caller, "catalog", access.name())?,
        filter: filters::view(state, &access.namespace, &access.filter, false).await?,
        shown,
        releases,
        latest,
        older: next.map(|after| {
            let query =
                url::form_urlencoded::Serializer::new(String::new()).append_pair("after", &after).finish();
            format!("/filters/{}?tab={}&{query}", access.name(), TABS[3])
        }),
        tab,
        now: state.clock.now(),
        writes: access.relation.writes(),
        curates: access.relation.curator,
        manages: access.relation.manages(),
    })
}

async fn shown(
    state: &State,
    access: &FilterAccess,
    version: &Version,
    format: Option<&str>,
) -> Result<Shown> {
    let found = access::find_release(&*state.db, access.filter.id, version).await?;
    let release: release::Model = found.ok_or_else(Error::not_found)?;
    access::check_release(access, &release, Need::ReadRelease)?;
    let insider = access.relation.is_insider();
    let view = release_view(state, &access.namespace, &access.filter, &release, insider).await?;
    let report = store::report_of(state, &release.sha256, view.plugin_type).await?;
    let capabilities = report.capabilities.iter().map(|c| c.id.clone()).collect();
    let bytes = access.relation.sight(&access.filter, &release) == Sight::Bytes;
    let usage = match bytes && release.state != ReleaseState::Quarantined {
        true => Some(usage::of(state, access, &release, view.plugin_type, format).await?),
        false => None,
    };
    let vouched = vouched::of(state, &release).await?;
    let deploy = deploy::link(state, access, &release).await?;
    let stopped = stopped::of(state, access.caller.identity(), access.relation.curator, &release).await?;
    let elsewhere = if stopped.is_none() { elsewhere::of(state, access, &release).await? } else { None };
    // Of bytes that nobody gets there is nothing to paste, and nothing to deploy.
    let (usage, deploy) = if elsewhere.is_some() { (None, None) } else { (usage, deploy) };
    Ok(Shown { release: view, report, capabilities, bytes, usage, vouched, deploy, stopped, elsewhere })
}
