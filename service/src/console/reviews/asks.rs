//! What can be done to a review from its page: for each act that its reader may do, the question that is asked
//! first. Pure: which acts those are, the table of moves has said already.
use crate::reviews::{
    reasons::{REASONS, Reason},
    view::ReviewView,
};
use tamis_entities::value::{Decision, ReviewAct};

/// How much of a note an act takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Note {
    No,
    May(&'static str),
    Must(&'static str),
}

pub struct Ask {
    pub id: &'static str,
    /// Opens it from the keyboard.
    pub key: &'static str,
    pub verb: &'static str,
    pub busy: &'static str,
    pub look: &'static str,
    /// What follows from it.
    pub consequence: &'static str,
    /// After the review's own path.
    pub path: &'static str,
    pub note: Note,
    pub fields: Vec<(&'static str, String)>,
    pub reasons: Vec<&'static Reason>,
    /// Stands beside the title; the others are in a menu.
    pub is_main: bool,
    /// Speaks of the bytes, and so repeats their digest.
    pub of_bytes: bool,
    /// Asks for a sign-in of the last minutes.
    pub is_grave: bool,
}

/// A sign-in that leads back to a path of ours.
pub fn sign_in_for(path: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    format!("/sign-in?{}", query.append_pair("again", "true").append_pair("next", path).finish())
}

impl Ask {
    pub fn note_label(&self) -> Option<(&'static str, bool)> {
        match self.note {
            Note::No => None,
            Note::May(label) => Some((label, false)),
            Note::Must(label) => Some((label, true)),
        }
    }
}

fn ask(
    id: &'static str,
    verb: &'static str,
    consequence: &'static str,
    path: &'static str,
    note: Note,
) -> Ask {
    Ask {
        id,
        key: "",
        verb,
        busy: "Sending…",
        look: "",
        consequence,
        path,
        note,
        fields: vec![],
        reasons: vec![],
        is_main: false,
        of_bytes: false,
        is_grave: false,
    }
}

fn votes(review: &ReviewView) -> [Ask; 3] {
    let named = |decision: Decision| {
        let evidence = review.evidence.as_ref().map_or_else(String::new, |e| e.digest());
        vec![
            ("decision", decision.to_string()),
            ("digest", review.item.digest.digest()),
            ("revision", review.item.revision.digest()),
            ("evidence", evidence),
        ]
    };
    let fitting = |decision: &str| REASONS.iter().filter(|r| r.decisions.contains(&decision)).collect();
    let vote = |ask: Ask, key, decision: Decision| Ask {
        key,
        fields: named(decision),
        reasons: fitting(&decision.to_string()),
        is_main: true,
        of_bytes: true,
        is_grave: true,
        ..ask
    };
    let reject =
        ask("reject", "Reject", "The request ends. Its author is told why.", "votes", Note::Must("Why"));
    let changes = "Its author is told what to change, and can ask again.";
    let changes = ask("request_changes", "Request changes", changes, "votes", Note::Must("What to change"));
    let vouch = "You vouch for these bytes, with these words, and nothing else.";
    let approve = ask("approve", "Approve", vouch, "votes", Note::May("Note"));
    [
        vote(Ask { look: "danger", busy: "Rejecting…", ..reject }, "d", Decision::Reject),
        vote(Ask { busy: "Asking…", ..changes }, "r", Decision::RequestChanges),
        vote(Ask { look: "primary", busy: "Approving…", ..approve }, "a", Decision::Approve),
    ]
}

/// Whether this person has approved what is judged now: the same round, bytes and words.
pub fn has_approved(review: &ReviewView, who: Option<&str>) -> bool {
    let item = &review.item;
    review.votes.iter().any(|vote| {
        vote.decision == Decision::Approve
            && Some(vote.by.as_str()) == who
            && (vote.round, &vote.digest, &vote.revision) == (item.round, &item.digest, &item.revision)
    })
}

/// In the order in which they are shown; the gravest of a group last.
pub fn of(review: &ReviewView, who: &str) -> Vec<Ask> {
    let mut asks: Vec<_> = review.acts.iter().flat_map(|act| one(review, *act)).collect();
    if has_approved(review, Some(who)) {
        // Their vote is counted; only another one would change anything.
        asks.retain(|ask| ask.id != "approve");
    }
    asks
}

fn one(review: &ReviewView, act: ReviewAct) -> Vec<Ask> {
    let made = match act {
        ReviewAct::Vote => return votes(review).into(),
        ReviewAct::Release => {
            let live = "From now on everyone can find and download these bytes.";
            let made = ask("release", "Release", live, "release", Note::No);
            Ask { key: "l", look: "primary", busy: "Releasing…", is_main: true, of_bytes: true, ..made }
        }
        ReviewAct::Resubmit => {
            let again = "The checks run again, then curators look at it as it is now.";
            let made = ask("resubmit", "Ask again", again, "resubmission", Note::May("What has changed"));
            Ask { look: "primary", busy: "Asking…", is_main: true, of_bytes: true, ..made }
        }
        ReviewAct::Appeal => {
            let who = "Somebody who did not reject it decides.";
            Ask {
                is_main: true,
                ..ask("appeal", "Appeal", who, "appeal", Note::Must("Why it should be looked at again"))
            }
        }
        ReviewAct::WithdrawAppeal => {
            let stands = "The rejection stands, and there is no second appeal against it. You can ask again.";
            let path = "appeal/withdrawal";
            Ask { is_main: true, ..ask("withdraw-appeal", "Withdraw the appeal", stands, path, Note::No) }
        }
        ReviewAct::Escalate => {
            let told = "Administrators are told that this needs attention.";
            Ask { key: "e", ..ask("escalate", "Call for attention", told, "escalation", Note::Must("Why")) }
        }
        ReviewAct::Recuse => {
            let aside =
                "Your votes on this review will not count, neither one that you have cast nor a later one.";
            ask("recuse", "Stand aside", aside, "recusal", Note::May("Why, for curators"))
        }
        ReviewAct::Withdraw => {
            let made =
                ask("withdraw", "Withdraw", "The request ends. You can ask again.", "withdrawal", Note::No);
            Ask { look: "danger", of_bytes: true, ..made }
        }
        _ => return rarely(review, act),
    };
    vec![made]
}

/// What ends an appeal, and what goes round the votes.
fn rarely(review: &ReviewView, act: ReviewAct) -> Vec<Ask> {
    let digest = || vec![("digest", review.item.digest.digest())];
    let made = match act {
        ReviewAct::Reopen | ReviewAct::Uphold => {
            let (id, verb, word, follows) = match act {
                ReviewAct::Reopen => ("reopen", "Reopen", "reopen", "It is voted on anew."),
                _ => ("uphold", "Uphold the rejection", "uphold", "It stays rejected."),
            };
            let made = ask(id, verb, follows, "appeal/decision", Note::Must("Your answer"));
            let fields = vec![("decision", word.into())];
            Ask { fields, is_main: true, is_grave: true, ..made }
        }
        ReviewAct::AskBreakGlass => {
            let second = "Publishes without the votes once a second person countersigns. It is marked everywhere, for good.";
            let made = ask(
                "break-glass",
                "Publish without votes",
                second,
                "break-glass",
                Note::Must("Why it cannot wait"),
            );
            Ask { look: "danger", fields: digest(), of_bytes: true, is_grave: true, ..made }
        }
        ReviewAct::BreakGlass => {
            let live = "You are the second person: these bytes are published at once, without the votes, and marked so.";
            let made = ask("countersign", "Countersign", live, "break-glass/countersignature", Note::No);
            let made = Ask { look: "danger", fields: digest(), is_main: true, ..made };
            Ask { of_bytes: true, is_grave: true, ..made }
        }
        // Parts of the page of their own, or nothing that a person does.
        _ => return vec![],
    };
    vec![made]
}
