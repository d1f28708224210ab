//! The one table of what can be done to a review: from which state, to which, by whom. Says
//! nothing of how; `act` does it, and does nothing that has no row here.
use tamis_entities::value::{ReviewAct, ReviewState};

/// What somebody must be to the review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Tamis itself: checks, the clock, a change of what the review speaks of.
    System,
    /// Who submitted it and still belongs to the filter, or may write the filter.
    Author,
    Curator,
    /// A curator who has no part in the work and has not recused themselves.
    Decider,
    /// The same, with the role of an administrator.
    Admin,
}

#[derive(Clone, Copy, Debug)]
pub struct Move {
    pub act: ReviewAct,
    pub from: &'static [ReviewState],
    /// None: it stays where it is.
    pub to: Option<ReviewState>,
    pub by: &'static [By],
}

use By::*;
use ReviewAct as A;
use ReviewState::*;

/// Still wants something from somebody.
pub const OPEN: &[ReviewState] = &[Checking, BlockedByChecks, InReview, ChangesRequested, Approved];
/// The author's turn: what it speaks of may change under it, and comes back by `resubmit`.
pub const WAITING: &[ReviewState] = &[BlockedByChecks, ChangesRequested];
const UNDECIDED: &[ReviewState] = &[Checking, BlockedByChecks, InReview, ChangesRequested];
/// Approved too: until it is released, a curator who sees what the others did not can stop it.
const VOTING: &[ReviewState] = &[Checking, InReview, ChangesRequested, Approved];
const EVERY: &[ReviewState] = &[
    Checking,
    BlockedByChecks,
    InReview,
    ChangesRequested,
    Approved,
    Published,
    Rejected,
    Withdrawn,
    Expired,
    Superseded,
];

const fn to(act: ReviewAct, from: &'static [ReviewState], to: ReviewState, by: &'static [By]) -> Move {
    Move { act, from, to: Some(to), by }
}

const fn stays(act: ReviewAct, from: &'static [ReviewState], by: &'static [By]) -> Move {
    Move { act, from, to: None, by }
}

#[rustfmt::skip]
pub const MOVES: &[Move] = &[
    //    act                from                            to                 by
    to(   A::Submit,         &[],                            Checking,          &[Author]),
    to(   A::ChecksPass,     &[Checking],                    InReview,          &[System]),
    to(   A::ChecksBlock,    &[Checking],                    BlockedByChecks,   &[System]),
    to(   A::RunChecks,      &[BlockedByChecks, InReview],   Checking,          &[Author, Curator]),
    stays(A::Vote,           VOTING,                                            &[Decider]),
    to(   A::Approve,        &[InReview, ChangesRequested],  Approved,          &[Decider, System]),
    to(   A::RequestChanges, &[InReview, Approved],          ChangesRequested,  &[Decider, System]),
    to(   A::Reconsider,     &[ChangesRequested, Approved],  InReview,          &[Curator, System]),
    to(   A::Reject,         &[InReview, ChangesRequested, Approved], Rejected, &[Decider, System]),
    to(   A::Resubmit,       WAITING,                        Checking,          &[Author]),
    to(   A::Withdraw,       OPEN,                           Withdrawn,         &[Author]),
    to(   A::Expire,         OPEN,                           Expired,           &[System]),
    to(   A::Supersede,      OPEN,                           Superseded,        &[System]),
    to(   A::Release,        &[Approved],                    Published,         &[Author, Curator]),
    stays(A::Assign,         OPEN,                                              &[Curator]),
    stays(A::Recuse,         OPEN,                                              &[Curator]),
    stays(A::Comment,        EVERY,                                             &[Author, Curator]),
    stays(A::Tick,           UNDECIDED,                                         &[Decider]),
    stays(A::Escalate,       UNDECIDED,                                         &[Author, Curator, System]),
    stays(A::Appeal,         &[Rejected],                                       &[Author]),
    stays(A::WithdrawAppeal, &[Rejected],                                       &[Author]),
    to(   A::Reopen,         &[Rejected],                    InReview,          &[Decider]),
    stays(A::Uphold,         &[Rejected],                                       &[Decider]),
    stays(A::AskBreakGlass,  &[InReview],                                       &[Admin]),
    to(   A::BreakGlass,     &[InReview],                    Published,         &[Decider]),
];

pub fn row(act: ReviewAct) -> Option<&'static Move> {
    MOVES.iter().find(|m| m.act == act)
}

/// What `by` may do from here.
pub fn acts(from: ReviewState, by: &[By]) -> Vec<ReviewAct> {
    let open = |m: &&Move| m.from.contains(&from) && m.by.iter().any(|b| by.contains(b));
    MOVES.iter().filter(open).map(|m| m.act).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_act_has_one_row_and_nothing_leaves_an_end_but_an_appeal() {
        for m in MOVES {
            assert_eq!(MOVES.iter().filter(|other| other.act == m.act).count(), 1, "{}", m.act);
            let ended = m.from.iter().any(|s| !s.is_open());
            assert!(!ended || m.to.is_none() || m.act == A::Reopen, "{}", m.act);
        }
        assert!(EVERY.iter().filter(|s| s.is_open()).eq(OPEN.iter()));
    }

    #[test]
    fn only_an_approval_or_two_people_breaking_the_glass_lead_to_publication() {
        let ways: Vec<_> = MOVES.iter().filter(|m| m.to == Some(Published)).collect();
        assert_eq!(ways.iter().map(|m| m.act).collect::<Vec<_>>(), [A::Release, A::BreakGlass]);
        assert_eq!(ways[0].from, [Approved]);
        // No check is skipped by either: both start behind them.
        assert_eq!(ways[1].from, [InReview]);
        for m in MOVES.iter().filter(|m| m.to == Some(InReview)) {
            assert!([A::ChecksPass, A::Reconsider, A::Reopen].contains(&m.act), "{}", m.act);
        }
    }

    #[test]
    fn from_every_open_state_a_way_leads_out_for_its_author() {
        for state in OPEN {
            assert!(acts(*state, &[Author]).contains(&A::Withdraw), "{state}");
        }
    }
}
