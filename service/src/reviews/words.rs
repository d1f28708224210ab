//! What states, acts and requests are called in sentences that people read; the words of the wire are for programs.
//! Pure.
use tamis_entities::value::{ReleaseState, ReviewAct, ReviewAction, ReviewState};

/// After "this review is".
pub fn is(state: ReviewState) -> &'static str {
    match state {
        ReviewState::Checking => "being checked",
        ReviewState::BlockedByChecks => "blocked by checks",
        ReviewState::InReview => "in review",
        ReviewState::ChangesRequested => "waiting for changes",
        ReviewState::Approved => "approved",
        ReviewState::Published => "published",
        ReviewState::Rejected => "rejected",
        ReviewState::Withdrawn => "withdrawn",
        ReviewState::Expired => "expired",
        ReviewState::Superseded => "superseded",
    }
}

/// After who did it.
pub fn did(act: ReviewAct) -> &'static str {
    match act {
        ReviewAct::Submit => "asked for it",
        ReviewAct::ChecksPass => "ran the checks, and they pass",
        ReviewAct::ChecksBlock => "ran the checks, and they block it",
        ReviewAct::RunChecks => "had the checks run again",
        ReviewAct::Vote => "voted",
        ReviewAct::Approve => "approved it",
        ReviewAct::RequestChanges => "asked for changes",
        ReviewAct::Reconsider => "opened it to votes again",
        ReviewAct::Reject => "rejected it",
        ReviewAct::Resubmit => "asked again",
        ReviewAct::Withdraw => "withdrew it",
        ReviewAct::Expire => "ended it, for its time was over",
        ReviewAct::Supersede => "ended it, for what it asked about has changed",
        ReviewAct::Release => "released it",
        ReviewAct::Assign => "changed who holds it",
        ReviewAct::Recuse => "stood aside",
        ReviewAct::Comment => "commented",
        ReviewAct::Tick => "ticked the checklist",
        ReviewAct::Escalate => "called for attention",
        ReviewAct::Appeal => "appealed",
        ReviewAct::WithdrawAppeal => "withdrew the appeal",
        ReviewAct::Reopen => "reopened it",
        ReviewAct::Uphold => "upheld the rejection",
        ReviewAct::AskBreakGlass => "asked to publish it without votes",
        ReviewAct::BreakGlass => "countersigned its publication without votes",
    }
}

/// After "it cannot be".
pub fn done(act: ReviewAct) -> &'static str {
    match act {
        ReviewAct::RunChecks => "checked again",
        ReviewAct::Vote => "voted on",
        ReviewAct::Resubmit => "asked for again",
        ReviewAct::Withdraw => "withdrawn",
        ReviewAct::Assign => "taken or put back",
        ReviewAct::Recuse => "left to others",
        ReviewAct::Tick => "ticked off",
        ReviewAct::Escalate => "called attention to",
        ReviewAct::Appeal => "appealed against",
        ReviewAct::AskBreakGlass | ReviewAct::BreakGlass => "published without votes",
        _ => "moved on like this",
    }
}

/// Who did it: a part of Tamis goes by its name.
pub fn who(actor: &str) -> &str {
    match actor.split_once(':') {
        Some(("user" | "robot", handle)) => handle,
        Some(("system", _)) => "Tamis",
        _ => actor,
    }
}

pub fn release(state: ReleaseState) -> &'static str {
    match state {
        ReleaseState::Draft => "a draft",
        ReleaseState::Published => "published",
        ReleaseState::Yanked => "yanked",
        ReleaseState::Quarantined => "quarantined",
    }
}

/// Of which releases it is asked.
pub fn asked_of(action: ReviewAction) -> &'static str {
    match action {
        ReviewAction::Publish => "only a draft is published by a request",
        ReviewAction::Unpublish => "only what is published or yanked can be taken back",
        ReviewAction::Update => "only what is published or yanked is described anew by a request",
        ReviewAction::Unquarantine => "only what is quarantined can be let out of quarantine",
    }
}

/// The same before the name of a release.
pub fn asks(action: ReviewAction) -> &'static str {
    match action {
        ReviewAction::Publish => "Publish",
        ReviewAction::Unpublish => "Take back",
        ReviewAction::Update => "Describe anew",
        ReviewAction::Unquarantine => "End quarantine",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_go_by_their_handle_and_parts_of_tamis_by_its_name() {
        assert_eq!(["user:carl", "robot:ci", "system:checks", "x"].map(who), ["carl", "ci", "Tamis", "x"]);
    }
}
