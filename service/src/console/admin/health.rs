//! The page of the instance's health: whether its parts answer, what waits and what failed, how much there is.
use super::{
    Place, Share,
    metrics::{self, Served},
    places, shares,
};
use crate::{
    auth::{Caller, Identity},
    console::{figures, frame::Frame, parts::*},
    error::Result,
    http::health::{self, HealthView},
    operate::figures::{self as counted, Figures},
    state::State,
};
use actix_web::HttpRequest;
use askama::Template;
use std::borrow::Borrow;
use tamis_entities::value::{ReleaseState, ReviewState, Timestamp};

const MOST_ROUTES: usize = 8;
/// A job that waits for so long tells that nobody works.
const LATE: std::time::Duration = std::time::Duration::from_secs(60);

#[derive(Template)]
#[template(path = "console/health.html")]
pub struct Page {
    frame: Frame,
    places: Vec<Place>,
    ready: HealthView,
    store: String,
    counts: Figures,
    served: Served,
    now: Timestamp,
}

impl Page {
    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// Nothing asks for a hand.
    fn is_well(&self) -> bool {
        self.ready.database && self.ready.blobs && self.counts.jobs.dead == 0 && !self.is_late()
    }

    fn is_late(&self) -> bool {
        self.counts.jobs.oldest.is_some_and(|since| since < self.now.minus(LATE))
    }

    fn releases(&self) -> Vec<Share> {
        shares(self.counts.releases.iter().map(|(state, n)| {
            let look = match state {
                ReleaseState::Draft => "",
                ReleaseState::Published => "pass",
                ReleaseState::Yanked => "warn",
                ReleaseState::Quarantined => "fail",
            };
            (look, state.as_str().to_owned(), *n)
        }))
    }

    fn reviews(&self) -> Vec<Share> {
        shares(self.counts.reviews.iter().map(|(state, n)| {
            use ReviewState::*;
            let look = match state {
                Checking | InReview => "accent",
                ChangesRequested => "warn",
                BlockedByChecks | Rejected => "fail",
                Approved | Published => "pass",
                Withdrawn | Expired | Superseded => "",
            };
            (look, state.as_str().replace('_', " "), *n)
        }))
    }

    fn jobs(&self) -> Vec<Share> {
        let jobs = &self.counts.jobs;
        let n = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        shares([
            ("accent", "running".to_owned(), n(jobs.running)),
            ("", "waiting".into(), n(jobs.waiting)),
            ("fail", "failed for good".into(), n(jobs.dead)),
        ])
    }

    fn answers(&self) -> Vec<Share> {
        shares(self.served.by_class.iter().map(|(class, n)| {
            let (look, word) = match class {
                2 => ("pass", "done"),
                3 => ("", "sent elsewhere"),
                4 => ("warn", "refused"),
                5 => ("fail", "failed"),
                _ => ("", "other"),
            };
            (look, word.to_owned(), *n)
        }))
    }

    fn total(&self, shares: &[Share]) -> String {
        figures::count(shares.iter().map(|share| share.n).sum())
    }

    fn short(&self, n: impl Borrow<i64>) -> String {
        figures::count(*n.borrow())
    }

    fn most(&self) -> i64 {
        self.served.routes.first().map_or(1, |route| route.requests).max(1)
    }
}

pub async fn page(state: &State, request: &HttpRequest, who: &Identity) -> Result<Page> {
    let caller = Caller(Some(std::sync::Arc::new(who.clone())));
    Ok(Page {
        frame: Frame::of(state, request, &caller, "admin", "Health")?,
        places: places(who, "Health"),
        ready: health::parts(state).await,
        store: state.blobs.describe(),
        counts: counted::figures(state).await?,
        served: metrics::served(&health::rendered(), MOST_ROUTES),
        now: state.clock.now(),
    })
}
