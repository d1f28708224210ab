//! The policy of the instance in words: what a request goes through until it is live.
use super::{Place, places};
use crate::{
    auth::{Caller, Identity},
    console::{frame::Frame, parts::*},
    error::Result,
    reviews::{checks, policy::Policy},
    state::State,
};
use actix_web::HttpRequest;
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "console/policy.html")]
pub struct Page {
    frame: Frame,
    places: Vec<Place>,
    policy: Arc<Policy>,
}

/// What a check looks at.
fn looks_at(id: &str) -> &'static str {
    match id {
        "verification" => "The report has nothing that must be fixed.",
        "hosts" => "The module loads in the hosts that are asked for.",
        "capabilities" => "Every function that it imports is one that we know.",
        "capability-change" => "It can do no more than the release before it.",
        "size-jump" => "It is not much larger than the release before it.",
        "description" => "A sentence says what it is for.",
        "signature" => "A key of this policy has signed it.",
        "licence" => "A licence is named, as an SPDX expression.",
        "readme" => "There is a text that says what it does.",
        "source" => "The place of its source is named.",
        "name" => "Its name is not one that people would take for another.",
        _ => "",
    }
}

fn days(hours: u64) -> String {
    match hours {
        1 => "1 hour".into(),
        24 => "1 day".into(),
        n if n.is_multiple_of(24) => format!("{} days", n / 24),
        n => format!("{n} hours"),
    }
}

impl Page {
    /// Those that must pass, or those that advise.
    fn checks(&self, required: bool) -> Vec<&'static str> {
        let is = |id: &&str| self.policy.checks.required.iter().any(|r| r == id) == required;
        checks::ids().into_iter().filter(is).collect()
    }

    fn due(&self) -> String {
        days(self.policy.times.due_hours)
    }

    fn ends(&self) -> String {
        days(self.policy.times.expiry_days.saturating_mul(24))
    }

    /// Of each kind of request, the votes that it takes.
    fn votes(&self) -> Vec<(&'static str, i64)> {
        let quorum = &self.policy.quorum;
        let at_least = |n: Option<i64>| n.map(|n| n.max(quorum.default));
        let mut votes = vec![("Any request", quorum.default)];
        votes.extend(at_least(quorum.first_publication).map(|n| ("First publication of a namespace", n)));
        votes.extend(at_least(quorum.new_capability).map(|n| ("A release with a new power", n)));
        votes
    }
}

pub fn page(state: &State, request: &HttpRequest, who: &Identity) -> Result<Page> {
    let caller = Caller(Some(Arc::new(who.clone())));
    Ok(Page {
        frame: Frame::of(state, request, &caller, "admin", "Policy")?,
        places: places(who, "Policy"),
        policy: state.policy.clone(),
    })
}
