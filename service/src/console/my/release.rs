//! The page of a release that is being worked on: what was found, what is said of it, and the way to its
//! publication.
use super::{
    http::DescriptionForm,
    standing::{self, Request},
};
use crate::{
    auth::ReleaseAccess,
    console::{figures, frame::Frame, grain, hosts, parts::*, powers},
    error::{Error, Result},
    modules::store,
    releases::view::{ReleaseView, release_view},
    reviews::{WAITING, queue, view::ReviewItem},
    state::State,
};
use actix_web::HttpRequest;
use askama::Template;
use std::cmp::Reverse;
use tamis_entities::value::{PluginType, ReleaseState, ReviewState, Timestamp};
use tamis_verification::{Finding, Report, Severity};

#[derive(Template)]
#[template(path = "console/my_release.html")]
pub struct Page {
    frame: Frame,
    release: ReleaseView,
    /// Of the filter.
    summary: String,
    source: String,
    told: Told,
    report: Report,
    findings: Vec<Finding>,
    capabilities: Vec<String>,
    /// The newest request about it.
    newest: Option<Request>,
    /// The filter's summary is another than the one that is published.
    summary_waits: bool,
    now: Timestamp,
}

/// What became of the form before.
#[derive(Default)]
pub struct Told {
    pub saved: bool,
    pub refused: Option<Error>,
    pub typed: Option<DescriptionForm>,
}

impl Page {
    fn refused(&self) -> Option<&str> {
        self.told.refused.as_ref().map(Error::detail)
    }

    fn note(&self) -> &str {
        self.told.typed.as_ref().map_or("", |typed| typed.note.as_str())
    }

    /// A request that its author can send again.
    fn sent_back(&self) -> Option<&ReviewItem> {
        self.open().filter(|review| WAITING.contains(&review.state))
    }

    /// Whether a change of what is said ends the open request: not while it waits for just that.
    fn takes_back(&self) -> bool {
        self.open().is_some() && self.sent_back().is_none()
    }

    /// A published release is described anew by a request of its own.
    fn may_update(&self) -> bool {
        let public = matches!(self.release.state, ReleaseState::Published | ReleaseState::Yanked);
        public && self.open().is_none() && self.appealed().is_none()
    }

    /// A rejected request whose appeal nobody has answered: nothing else is asked for meanwhile.
    fn appealed(&self) -> Option<&ReviewItem> {
        self.review().filter(|review| review.open_appeal.is_some())
    }

    /// The request whose checks found something, and how many did.
    fn remarks(&self) -> Option<(&ReviewItem, u32)> {
        let review = self.open().or(self.appealed())?;
        let counts = &review.check_counts;
        let n = counts.warn.saturating_add(counts.fail).saturating_add(counts.error);
        (n > 0).then_some((review, n))
    }

    fn name(&self) -> String {
        format!("{}/{}", self.release.namespace, self.release.filter)
    }

    fn here(&self) -> String {
        format!("/my/releases/{}/{}", self.name(), self.release.version)
    }

    fn is_draft(&self) -> bool {
        self.release.state == ReleaseState::Draft
    }

    /// What can be asked of curators: the word, its heading, what follows.
    fn request(&self) -> Option<(&'static str, &'static str, &'static str)> {
        Some(match self.release.state {
            ReleaseState::Draft => (
                "publish",
                "Ask for publication",
                "Checks run first, then a curator decides about exactly these bytes and words.",
            ),
            ReleaseState::Published | ReleaseState::Yanked => (
                "unpublish",
                "Ask to take it back",
                "A curator decides. It leaves the catalog; who has its bytes keeps them.",
            ),
            ReleaseState::Quarantined => (
                "unquarantine",
                "Ask to end the quarantine",
                "Checks run again, then a curator decides about exactly these bytes.",
            ),
        })
    }

    fn review(&self) -> Option<&ReviewItem> {
        self.newest.as_ref().map(|request| &request.item)
    }

    fn open(&self) -> Option<&ReviewItem> {
        self.review().filter(|review| review.state.is_open())
    }

    fn should(&self) -> usize {
        self.findings.iter().filter(|f| f.severity == Severity::Warning).count()
    }

    fn powers(&self) -> Vec<&'static powers::Power> {
        powers::of(&self.capabilities)
    }

    fn cannot(&self) -> Option<String> {
        powers::cannot(&self.capabilities)
    }

    fn loads(&self) -> String {
        hosts::line(&self.report)
    }

    fn summary(&self) -> &str {
        self.told.typed.as_ref().map_or(&self.summary, |typed| &typed.summary)
    }

    fn source(&self) -> &str {
        self.told.typed.as_ref().map_or(&self.source, |typed| &typed.source)
    }

    fn licence(&self) -> &str {
        if let Some(typed) = &self.told.typed {
            return &typed.licence;
        }
        self.release.metadata.licence.as_deref().unwrap_or_default()
    }

    fn readme(&self) -> &str {
        if let Some(typed) = &self.told.typed {
            return &typed.readme;
        }
        self.release.metadata.readme.as_deref().unwrap_or_default()
    }

    fn types(&self) -> [(&'static str, &'static str, bool); 4] {
        let said = self.release.plugin_type.map_or("", PluginType::as_str);
        let said = self.told.typed.as_ref().map_or(said, |typed| typed.plugin_type.as_str());
        let all = [
            ("", "Not said"),
            ("http", "HTTP filter"),
            ("network", "Network filter"),
            ("service", "Wasm service"),
        ];
        all.map(|(value, label)| (value, label, value == said))
    }

    /// Where it stands and what comes next.
    fn lead(&self) -> String {
        let asked = self.newest.as_ref().and_then(Request::sentence);
        let itself = match self.release.state {
            ReleaseState::Draft if asked.is_some() => "",
            ReleaseState::Draft => "Stored as a draft. Only you and those who may see the filter can see it.",
            ReleaseState::Published => "It is published. Its bytes never change.",
            ReleaseState::Yanked => "It is yanked: who names it still gets it, and nobody is led to it.",
            ReleaseState::Quarantined => "It is quarantined: nobody can load it.",
        };
        format!("{itself} {}", asked.unwrap_or_default()).trim().to_owned()
    }
}

pub async fn page(state: &State, request: &HttpRequest, found: ReleaseAccess, told: Told) -> Result<Page> {
    let ReleaseAccess { access, release } = found;
    let who = access.who()?;
    let title = format!("{} {}", access.filter.name, release.version);
    let view = release_view(state, &access.namespace, &access.filter, &release, true).await?;
    let report = store::report_of(state, &release.sha256, view.plugin_type).await?;
    let mut findings = report.findings.clone();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    let newest = queue::newest_of(state, who, release.id).await?.into_iter().collect();
    Ok(Page {
        frame: Frame::of(state, request, &access.caller, "my", title)?,
        told,
        summary: access.filter.summary.clone(),
        source: access.filter.source_repository.clone().unwrap_or_default(),
        capabilities: report.capabilities.iter().map(|c| c.id.clone()).collect(),
        newest: standing::of(state, newest).await?.pop(),
        summary_waits: release.approved.as_ref().is_some_and(|a| a.summary != access.filter.summary),
        release: view,
        report,
        findings,
        now: state.clock.now(),
    })
}
