//! The page of one review: evidence on the left and in the middle, people on the right, and the acts on top.
mod sign_in;
mod standing;

use super::{
    after::{self, Done},
    asks::{self, Ask},
    compare::{self, Compared},
    http::ReviewPageQuery,
    same_bytes::{self, Known},
};
use crate::{
    auth::{self, Identity, ReviewAccess},
    console::{figures, filter::twins::Twin, frame::Frame, grain, hosts, markdown, parts::*, powers},
    error::Result,
    modules::store,
    reviews::{
        checks::CheckFinding,
        detail,
        view::{ReviewCheckView, ReviewEventView, ReviewView},
        words,
    },
    state::State,
};
use actix_web::HttpRequest;
use askama::{Template, filters::Safe};
use std::cmp::Reverse;
use tamis_entities::value::{
    CheckResult, Decision, Metadata, ReleaseState, ReviewAct, ReviewState, Timestamp,
};
use tamis_verification::{Finding, Report};

const TABS: [(&str, &str); 6] = [
    ("changes", "Changes"),
    ("capabilities", "Capabilities"),
    ("compatibility", "Compatibility"),
    ("report", "Report"),
    ("readme", "README"),
    ("history", "History"),
];

#[derive(Template)]
#[template(path = "console/review.html")]
pub struct Page {
    frame: Frame,
    review: ReviewView,
    report: Report,
    findings: Vec<Finding>,
    capabilities: Vec<String>,
    compared: Compared,
    /// These bytes elsewhere.
    known: Vec<Known>,
    /// As what everyone has them.
    published: Vec<Twin>,
    /// What its reader has just done to another.
    done: Option<Done>,
    readme: Option<Safe<String>>,
    asks: Vec<Ask>,
    tab: &'static str,
    asked: Option<String>,
    /// Why a curator may not vote.
    barred: Option<&'static str>,
    /// What cannot be undone asks for a newer sign-in first.
    stale: bool,
    /// Where the release can be stopped.
    quarantine: Option<String>,
    /// Why it was.
    quarantined: Option<String>,
    source: Option<String>,
    summary: String,
    /// As it would be published.
    metadata: Metadata,
    now: Timestamp,
}

/// The worst first, so that nobody has to look for it.
fn worst_first(check: &ReviewCheckView) -> Reverse<u8> {
    Reverse(match check.result {
        CheckResult::Fail => 4,
        CheckResult::Error => 3,
        CheckResult::Warn => 2,
        CheckResult::Pass => 1,
        CheckResult::NotApplicable => 0,
    })
}

/// One of the tabs, if it is one.
pub fn known_tab(asked: Option<&str>) -> Option<&'static str> {
    TABS.iter().map(|(id, _)| *id).find(|id| Some(*id) == asked)
}

impl Page {
    fn name(&self) -> String {
        format!("{}/{}", self.review.item.namespace, self.review.item.filter)
    }

    fn here(&self) -> String {
        format!("/reviews/{}", self.review.item.id)
    }

    fn tabs(&self) -> impl Iterator<Item = (&'static str, String, bool, usize)> + '_ {
        TABS.iter().map(move |(id, label)| {
            let count = match *id {
                "changes" => self.compared.changed(),
                "history" => self.review.history.len(),
                "report" => self.findings.len(),
                _ => 0,
            };
            (*label, format!("{}?tab={id}", self.here()), *id == self.tab, count)
        })
    }

    fn hosts(&self) -> Vec<hosts::Host> {
        hosts::of(&self.report)
    }

    fn cannot(&self) -> Option<String> {
        powers::cannot(&self.capabilities)
    }

    fn checks(&self, required: bool) -> Vec<&ReviewCheckView> {
        let mut checks: Vec<_> = self.review.checks.iter().filter(|c| c.required == required).collect();
        checks.sort_by_key(|check| worst_first(check));
        checks
    }

    fn failing(&self) -> Vec<&ReviewCheckView> {
        let bad = |c: &&ReviewCheckView| matches!(c.result, CheckResult::Fail | CheckResult::Error);
        self.checks(true).into_iter().filter(bad).collect()
    }

    fn is_late(&self, due: &Timestamp) -> bool {
        *due < self.now
    }

    fn is_open(&self) -> bool {
        self.review.item.state.is_open()
    }

    fn waits_for_votes(&self) -> bool {
        matches!(self.review.item.state, ReviewState::Checking | ReviewState::InReview)
    }

    fn is_approved(&self) -> bool {
        self.review.item.state == ReviewState::Approved
    }

    fn may(&self, act: &str) -> bool {
        self.review.acts.iter().any(|may| may.as_str() == act)
    }

    fn holds(&self) -> bool {
        let me = self.frame.who.as_ref().map(|who| who.handle.as_str());
        me.is_some() && self.review.item.assignee.as_ref().map(|slug| slug.as_str()) == me
    }

    /// May write what the author does not read.
    fn writes_internal(&self) -> bool {
        self.review.viewers.is_some()
    }

    fn ticks(&self, by: &[tamis_entities::value::Slug]) -> bool {
        self.frame.who.as_ref().is_some_and(|who| by.iter().any(|slug| slug.as_str() == who.handle))
    }

    fn main_asks(&self) -> impl Iterator<Item = &Ask> {
        self.asks.iter().filter(|ask| ask.is_main)
    }

    fn further_asks(&self) -> Vec<&Ask> {
        self.asks.iter().filter(|ask| !ask.is_main).collect()
    }

    fn is_asked(&self, id: &str) -> bool {
        self.asked.as_deref() == Some(id)
    }

    fn has_menu(&self) -> bool {
        self.holds() || self.quarantine.is_some() || self.asks.iter().any(|ask| !ask.is_main)
    }

    /// What a check has to say that somebody should read.
    fn telling<'c>(&self, check: &'c ReviewCheckView) -> &'c [CheckFinding] {
        match check.result {
            CheckResult::Pass | CheckResult::NotApplicable => &[],
            _ => &check.findings,
        }
    }

    /// What the author wrote when they asked again, in the round that is judged now.
    fn answer(&self) -> Option<&ReviewEventView> {
        let again = |event: &&ReviewEventView| event.act == ReviewAct::Resubmit;
        self.review.history.iter().filter(again).max_by_key(|event| event.at).filter(|e| e.note.is_some())
    }

    /// Whether the act led to another state.
    fn moved(&self, event: &ReviewEventView) -> bool {
        event.from != Some(event.to)
    }

    fn took(&self, check: &ReviewCheckView) -> String {
        match check.duration_ms {
            0..1000 => format!("{} ms", check.duration_ms),
            ms => format!("{:.1} s", ms as f64 / 1000.0),
        }
    }

    /// Checks that have something to say beside the report.
    fn telling_checks(&self) -> usize {
        self.review.checks.iter().filter(|check| !self.telling(check).is_empty()).count()
    }

    /// Shares of the risk out of 100: new powers, what else is grave, the rest.
    fn risk_shares(&self) -> Vec<(&'static str, i64)> {
        let total = self.review.item.risk.total.max(10);
        let share = |points: i64| points * 100 / total;
        let look = |points: i64| match points {
            ..2 => "rest",
            2..4 => "warn",
            _ => "fail",
        };
        self.review.item.risk.addends.iter().map(|a| (look(a.points), share(a.points))).collect()
    }
}

fn why_not(found: &ReviewAccess, review: &ReviewView) -> Option<&'static str> {
    let relation = &found.access.relation;
    let own = relation.id == Some(found.review.submitted_by) || relation.id == Some(found.release.created_by);
    match relation.curator && !review.acts.contains(&ReviewAct::Vote) {
        true if own || relation.writes() => Some("You had a part in this work, so you cannot vote on it."),
        _ => None,
    }
}

fn quarantined(found: &ReviewAccess) -> Option<String> {
    found.release.state_reason.clone().filter(|_| found.release.state == ReleaseState::Quarantined)
}

async fn done(state: &State, who: &Identity, query: &ReviewPageQuery) -> Result<Option<Done>> {
    after::said(state, who, query.did.as_deref(), query.done.as_deref()).await
}

pub async fn page(
    state: &State,
    request: &HttpRequest,
    found: ReviewAccess,
    query: ReviewPageQuery,
) -> Result<Page> {
    let who = found.access.who()?;
    let review = detail::view(state, who, found.review.id).await?;
    let title = format!("{} {}", found.access.filter.name, found.release.version);
    let metadata = found.review.proposed.as_ref().unwrap_or(&found.release.metadata);
    let report = store::report_of(state, &found.review.sha256, metadata.plugin_type).await?;
    let mut findings = report.findings.clone();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    let compared = compare::compared(state, &found, query.all == Some(true)).await?;
    let usual = if compared.before.is_some() { TABS[0].0 } else { TABS[1].0 };
    let stale = auth::recent(who, &state.clock).is_err();
    Ok(Page {
        frame: Frame::of(state, request, &found.access.caller, "reviews", title)?.looking("review"),
        readme: metadata.readme.as_deref().filter(|text| !text.trim().is_empty()).map(markdown::html),
        source: found.access.filter.source_repository.clone(),
        summary: found.access.filter.summary.clone(),
        metadata: metadata.clone(),
        capabilities: report.capabilities.iter().map(|c| c.id.clone()).collect(),
        tab: known_tab(query.tab.as_deref()).unwrap_or(usual),
        asks: asks::of(&review, who.handle.as_str()),
        barred: why_not(&found, &review),
        known: same_bytes::elsewhere(state, &found).await?,
        published: same_bytes::published(state, &found).await?,
        done: done(state, who, &query).await?,
        quarantine: sign_in::quarantine(&found, stale),
        quarantined: quarantined(&found),
        stale,
        asked: query.act,
        compared,
        review,
        report,
        findings,
        now: state.clock.now(),
    })
}
