//! The queue of requests and the page of one: evidence side by side with what is decided about it.
pub mod http;

use super::{figures, frame::Frame, grain, hosts, parts::*, powers};
use crate::{
    auth::{Caller, Identity, ReviewAccess},
    error::Result,
    modules::store,
    reviews::{
        queue::{self, ReviewQuery},
        view::{self, ReviewCheckView, ReviewItem, ReviewView},
    },
    state::State,
};
use actix_web::HttpRequest;
use askama::Template;
use http::{QueuePageQuery, ReviewPageQuery};
use std::cmp::Reverse;
use tamis_entities::value::{CheckResult, Decision, ReviewState, Timestamp};
use tamis_verification::{Finding, Report};

/// Saved views of the queue, as links.
const VIEWS: [(&str, &str); 6] = [
    ("in_review", "In review"),
    ("changes_requested", "Changes requested"),
    ("blocked_by_checks", "Blocked by checks"),
    ("approved", "Approved"),
    ("published", "Published"),
    ("", "All"),
];

#[derive(Template)]
#[template(path = "console/reviews.html")]
pub struct Queue {
    frame: Frame,
    reviews: Vec<ReviewItem>,
    next: Option<String>,
    state: &'static str,
    now: Timestamp,
}

impl Queue {
    fn views(&self) -> impl Iterator<Item = (&'static str, String, bool)> + '_ {
        let link = |state: &str| format!("/reviews?state={state}");
        VIEWS.iter().map(move |(id, label)| (*label, link(id), *id == self.state))
    }

    fn due(&self, review: &ReviewItem) -> (&'static str, String) {
        match review.due_at {
            Some(due) if !review.state.is_open() => ("soft", figures::ago(&due, &self.now)),
            Some(due) if due < self.now => ("fail-ink", format!("{} late", figures::span(&due, &self.now))),
            Some(due) => ("", format!("in {}", figures::span(&self.now, &due))),
            None => ("soft", "no limit".into()),
        }
    }
}

pub async fn queue(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    who: &Identity,
    query: QueuePageQuery,
) -> Result<Queue> {
    let asked = query.state.as_deref().unwrap_or("in_review");
    let shown = VIEWS.into_iter().map(|(id, _)| id).find(|id| *id == asked).unwrap_or_default();
    let wanted = ReviewQuery { state: shown.parse().ok(), after: query.after, limit: Some(50) };
    let found = queue::list(state, who, wanted).await?;
    let mut url = url::form_urlencoded::Serializer::new(String::new());
    url.append_pair("state", shown);
    let next = found.next.map(|after| format!("/reviews?{}", url.append_pair("after", &after).finish()));
    Ok(Queue {
        frame: Frame::of(state, request, caller, "reviews", "Reviews")?,
        reviews: found.items,
        next,
        state: shown,
        now: state.clock.now(),
    })
}

#[derive(Template)]
#[template(path = "console/review.html")]
pub struct Page {
    frame: Frame,
    review: ReviewView,
    report: Report,
    findings: Vec<Finding>,
    capabilities: Vec<String>,
    tab: &'static str,
    act: Option<String>,
    /// May vote on it.
    votes: bool,
    /// Why not, for a curator who may not.
    barred: Option<&'static str>,
    writes: bool,
    submitter: bool,
    size: u64,
    now: Timestamp,
}

const TABS: [(&str, &str); 3] =
    [("report", "Report"), ("capabilities", "Capabilities"), ("compatibility", "Compatibility")];

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

impl Page {
    fn name(&self) -> String {
        format!("{}/{}", self.review.item.namespace, self.review.item.filter)
    }

    fn tabs(&self) -> impl Iterator<Item = (&'static str, String, bool)> + '_ {
        TABS.iter().map(|(id, label)| {
            (*label, format!("/reviews/{}?tab={id}", self.review.item.id), *id == self.tab)
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

    fn approvals(&self) -> usize {
        self.review.votes.iter().filter(|v| v.decision == Decision::Approve).count()
    }

    fn is_late(&self, due: &Timestamp) -> bool {
        *due < self.now
    }

    fn is_open(&self) -> bool {
        self.review.item.state.is_open()
    }

    fn is_approved(&self) -> bool {
        self.review.item.state == ReviewState::Approved
    }

    fn check_name(&self, id: &str) -> String {
        match id {
            "verification" => "Verification report".into(),
            "hosts" => "Loads in required hosts".into(),
            "licence" => "Licence".into(),
            "readme" => "README".into(),
            "summary" => "Summary".into(),
            "source" => "Source repository".into(),
            other => other.replace(['-', '_'], " "),
        }
    }

    fn action(&self) -> String {
        let word = self.review.item.action.as_str();
        word[..1].to_uppercase() + &word[1..]
    }

    /// The dialogs of the three decisions: id, key, verb, its progressive, look.
    fn decisions(&self) -> [(&'static str, &'static str, &'static str, &'static str, &'static str); 3] {
        [
            ("reject", "d", "Reject", "Rejecting…", "danger"),
            ("request_changes", "r", "Request changes", "Asking…", ""),
            ("approve", "a", "Approve", "Approving…", "primary"),
        ]
    }

    /// What ends a request besides votes: id, verb, and whether this person may.
    fn endings(&self) -> [(&'static str, &'static str, bool); 2] {
        let withdraws = self.is_open() && (self.submitter || self.writes);
        [("withdraw", "Withdraw", withdraws), ("release", "Release", self.is_approved())]
    }

    fn same(&self, act: &str, other: &str) -> bool {
        act == other
    }

    fn is_asked(&self, act: &str) -> bool {
        self.act.as_deref() == Some(act)
    }
}

fn why_not(found: &ReviewAccess) -> Option<&'static str> {
    let relation = &found.access.relation;
    let own = relation.id == Some(found.review.submitted_by) || relation.id == Some(found.release.created_by);
    match relation.curator {
        true if own || relation.writes() => Some("You had a part in this work, so you cannot vote on it."),
        _ => None,
    }
}

pub async fn page(
    state: &State,
    request: &HttpRequest,
    found: ReviewAccess,
    query: ReviewPageQuery,
) -> Result<Page> {
    let review = view::view(state, found.review.id).await?;
    let title = format!("{} {}", found.access.filter.name, found.release.version);
    let metadata = found.review.proposed.as_ref().unwrap_or(&found.release.metadata);
    let report = store::report_of(state, &found.review.sha256, metadata.plugin_type).await?;
    let mut findings = report.findings.clone();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    let barred = why_not(&found);
    let takes_votes = matches!(
        found.review.state,
        ReviewState::Checking | ReviewState::InReview | ReviewState::ChangesRequested
    );
    Ok(Page {
        frame: Frame::of(state, request, &found.access.caller, "reviews", title)?.looking("review"),
        votes: found.access.relation.curator && barred.is_none() && takes_votes,
        submitter: found.access.relation.id == Some(found.review.submitted_by),
        writes: found.access.relation.writes(),
        barred,
        capabilities: report.capabilities.iter().map(|c| c.id.clone()).collect(),
        size: report.size,
        tab: TABS.iter().map(|(id, _)| *id).find(|id| Some(*id) == query.tab.as_deref()).unwrap_or(TABS[0].0),
        act: query.act,
        review,
        report,
        findings,
        now: state.clock.now(),
    })
}
