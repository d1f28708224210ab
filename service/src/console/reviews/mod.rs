//! The queue of requests and, in `page`, the one of each: evidence side by side with what is decided about it.
pub mod acts_http;
mod after;
pub mod asks;
mod changes;
mod compare;
pub mod http;
pub mod many;
mod page;
mod same_bytes;

use super::{figures, frame::Frame, grain, parts::*};
use crate::{
    auth::{self, Caller, Identity},
    error::Result,
    reviews::{
        queue::{self, ReviewQuery},
        reasons::{REASONS, Reason},
        summary::{self, MOST, ReviewSummary},
        view::ReviewItem,
        words,
    },
    state::State,
};
use actix_web::HttpRequest;
use after::Done;
use askama::Template;
use http::QueuePageQuery;
use tamis_entities::value::{ReviewState, Timestamp};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::show_reviews)
        .service(many::act_on_reviews_by_form)
        .service(http::show_review)
        .service(http::vote_by_form)
        .service(http::comment_by_form)
        .service(http::withdraw_by_form)
        .service(http::release_by_form)
        .service(http::take_by_form)
        .service(acts_http::run_checks_by_form)
        .service(acts_http::resubmit_by_form)
        .service(acts_http::recuse_by_form)
        .service(acts_http::escalate_by_form)
        .service(acts_http::tick_by_form)
        .service(acts_http::appeal_by_form)
        .service(acts_http::withdraw_appeal_by_form)
        .service(acts_http::decide_appeal_by_form)
        .service(acts_http::ask_break_glass_by_form)
        .service(acts_http::countersign_by_form);
}

/// The view of what was rejected and asks to be looked at again.
const APPEALS: &str = "appeals";

/// Saved views of the queue, as links.
const VIEWS: [(&str, &str); 11] = [
    ("needs_me", "Needs me"),
    ("mine", "Mine"),
    ("unassigned", "Unassigned"),
    ("overdue", "Overdue"),
    ("needs_second", "Needs a second vote"),
    ("first_publication", "First publications"),
    ("blocked", "Blocked by checks"),
    ("approved", "Approved"),
    (APPEALS, "Appeals"),
    ("open", "All open"),
    ("all", "All"),
];

/// One of the views; what is none is that of all that are open.
fn known_view(asked_for: Option<&str>) -> &'static str {
    VIEWS.iter().map(|(id, _)| *id).find(|id| Some(*id) == asked_for).unwrap_or("open")
}

fn asked(view: &str) -> ReviewQuery {
    let only = |wanted: &str| (view == wanted).then_some(true);
    ReviewQuery {
        state: match view {
            "blocked" => Some(ReviewState::BlockedByChecks),
            "approved" => Some(ReviewState::Approved),
            _ => None,
        },
        open: (!["all", "mine", APPEALS].contains(&view)).then_some(true),
        mine: only("mine"),
        needs_me: only("needs_me"),
        unassigned: only("unassigned"),
        overdue: only("overdue"),
        needs_second: only("needs_second"),
        first_publication: only("first_publication"),
        appealed: only(APPEALS),
        limit: Some(50),
        ..ReviewQuery::default()
    }
}

#[derive(Template)]
#[template(path = "console/reviews.html")]
pub struct Queue {
    frame: Frame,
    /// Reasons for those who may act on many.
    reasons: &'static [Reason],
    reviews: Vec<ReviewItem>,
    summary: ReviewSummary,
    next: Option<String>,
    view: &'static str,
    /// What its reader has just done.
    done: Option<Done>,
    /// Where to sign in before one decides here.
    sign_in_first: Option<String>,
    now: Timestamp,
}

/// One cell of the strip of checks, and one bar of the chart of ages.
struct Bar {
    x: i64,
    height: i64,
    look: &'static str,
    count: i64,
}

impl Queue {
    fn views(&self) -> impl Iterator<Item = (&'static str, String, bool, Option<String>)> + '_ {
        VIEWS.iter().map(|(id, label)| {
            let s = &self.summary;
            let count = match *id {
                "needs_me" => Some(s.needs_me),
                "unassigned" => Some(s.unassigned),
                "overdue" => Some(s.overdue),
                "needs_second" => Some(s.needs_second),
                "first_publication" => Some(s.first_publication),
                "blocked" => Some(s.blocked_by_checks),
                APPEALS => Some(s.appealed),
                "open" => Some(s.open),
                _ => None,
            };
            let count = count.map(|n| match (*id, n.unsigned_abs() >= MOST) {
                ("needs_me", true) => format!("{}+", MOST - 1),
                _ => n.to_string(),
            });
            (*label, format!("/reviews?view={id}"), *id == self.view, count)
        })
    }

    fn due(&self, review: &ReviewItem) -> (&'static str, String) {
        match review.due_at {
            _ if !review.state.is_open() && review.open_appeal.is_none() => {
                ("soft", figures::ago(&review.updated_at, &self.now))
            }
            _ if review.paused_at.is_some() => ("soft", "author’s turn".into()),
            Some(due) if due < self.now => ("fail-ink", format!("{} late", figures::span(&due, &self.now))),
            Some(due) if due.0 - self.now.0 < 86_400_000_000 => {
                ("warn-ink", format!("in {}", figures::span(&self.now, &due)))
            }
            Some(due) => ("", format!("in {}", figures::span(&self.now, &due))),
            None => ("soft", "no limit".into()),
        }
    }

    fn median(&self) -> String {
        match self.summary.median_wait_seconds {
            None => "–".into(),
            Some(seconds) => figures::span(&Timestamp(0), &Timestamp(seconds.max(60) * 1_000_000)),
        }
    }

    /// Open ones by age, the last two days in warning colours.
    fn ages(&self) -> Vec<Bar> {
        let most = self.summary.by_age.iter().copied().max().unwrap_or(0).max(1);
        let bar = |(day, count): (i64, &i64)| Bar {
            x: day * 24,
            height: if *count == 0 { 2 } else { (count * 36 / most).max(4) },
            look: match day {
                6 => "fail",
                5 => "warn",
                _ => "",
            },
            count: *count,
        };
        (0..).zip(&self.summary.by_age).map(bar).collect()
    }

    /// The strip of checks: cells, the worst first, and what they come to.
    fn strip(&self, review: &ReviewItem) -> (Vec<(i64, &'static str)>, &'static str, String) {
        let c = &review.check_counts;
        let kinds = [
            (c.fail, "fail"),
            (c.error, "error"),
            (c.warn, "warn"),
            (c.pass, "pass"),
            (c.not_applicable, "none"),
        ];
        let looks = kinds.iter().flat_map(|(n, look)| std::iter::repeat_n(*look, *n as usize));
        let cells = (0..).zip(looks).map(|(i, look)| (i * 8, look)).collect();
        let (look, words) = match (c.fail, c.error, c.warn, c.pass) {
            (0, 0, 0, 0) => ("soft", "running".to_owned()),
            (0, 0, 0, _) => ("soft", "all pass".to_owned()),
            (0, 0, n, _) => ("warn-ink", format!("{n} warn")),
            (0, n, _, _) => ("error-ink", format!("{n} could not run")),
            (n, _, _, _) => ("fail-ink", format!("{n} failed")),
        };
        (cells, look, words)
    }

    fn risk_look(&self, total: &i64) -> &'static str {
        match total {
            ..4 => "",
            4..7 => "warn",
            _ => "fail",
        }
    }

    fn addend_look(&self, points: &i64) -> &'static str {
        match points {
            ..2 => "",
            2..4 => "warn",
            _ => "fail",
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
    let view = known_view(query.view.as_deref());
    let stale = auth::recent(who, &state.clock).is_err();
    let found = queue::list(state, who, ReviewQuery { after: query.after, ..asked(view) }).await?;
    let mut url = url::form_urlencoded::Serializer::new(String::new());
    url.append_pair("view", view);
    let next = found.next.map(|after| format!("/reviews?{}", url.append_pair("after", &after).finish()));
    Ok(Queue {
        // What was rejected is not voted on: an appeal is answered on its own page.
        reasons: if who.is_curator() && view != APPEALS { REASONS } else { &[] },
        frame: Frame::of(state, request, caller, "reviews", "Reviews")?,
        reviews: found.items,
        summary: summary::glance(state, who).await?,
        done: after::said(state, who, query.did.as_deref(), query.done.as_deref()).await?,
        sign_in_first: stale.then(|| asks::sign_in_for(&format!("/reviews?view={view}"))),
        next,
        view,
        now: state.clock.now(),
    })
}
