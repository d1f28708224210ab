//! What a review does, written down a second time from the design: pure, and without a word of
//! the service's own table.
use super::{QUORUM, Step};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Blocked,
    InReview,
    ChangesRequested,
    Approved,
    Ended(&'static str),
}

impl State {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Blocked => "blocked_by_checks",
            Self::InReview => "in_review",
            Self::ChangesRequested => "changes_requested",
            Self::Approved => "approved",
            Self::Ended(how) => how,
        }
    }

    fn is_open(&self) -> bool {
        !matches!(self, Self::Ended(_))
    }
}

/// A request as the design describes it.
#[derive(Clone, Debug)]
pub struct Request {
    pub state: State,
    /// Which edit of the release it speaks of.
    edit: u32,
    votes: BTreeMap<&'static str, &'static str>,
    /// Who has rejected it at any time, by their last vote.
    last: BTreeMap<&'static str, &'static str>,
    recused: BTreeSet<&'static str>,
    /// Who asked to break the glass, for which edit.
    asked: Option<(&'static str, u32)>,
    /// None: no appeal against this rejection; true: it waits for a decision.
    appeal: Option<bool>,
}

#[derive(Clone, Debug, Default)]
pub struct Model {
    pub release: &'static str,
    pub edit: u32,
    /// A licence is given: the one check that fails here.
    licensed: bool,
    pub request: Option<Request>,
}

impl Model {
    pub fn new() -> Self {
        Self { release: "draft", edit: 0, licensed: true, request: None }
    }

    fn may_decide(request: &Request, who: &str) -> bool {
        who != "emil" && !request.recused.contains(who)
    }

    /// Where the votes put it.
    fn settle(request: &mut Request) {
        let counts = |d: &str| {
            request.votes.iter().filter(|(who, v)| **v == d && Self::may_decide(request, who)).count()
        };
        let (reject, changes, approve) = (counts("reject"), counts("request_changes"), counts("approve"));
        request.state = match () {
            () if reject > 0 => {
                request.appeal = None;
                State::Ended("rejected")
            }
            () if changes > 0 => State::ChangesRequested,
            () if approve >= QUORUM => State::Approved,
            () => State::InReview,
        };
    }

    /// Does the step; whether it is allowed.
    pub fn apply(&mut self, step: Step) -> bool {
        match step {
            Step::Submit => self.submit(),
            Step::Edit(licensed) => self.edit(licensed),
            Step::Quarantine => self.quarantine(),
            _ => match self.request.take() {
                None => false,
                Some(mut request) => {
                    let done = self.act(&mut request, step);
                    self.request = Some(request);
                    done
                }
            },
        }
    }

    fn submit(&mut self) -> bool {
        let waits = |r: &Request| r.state == State::Ended("rejected") && r.appeal == Some(true);
        let open = self.request.as_ref().is_some_and(|r| r.state.is_open() || waits(r));
        if self.release != "draft" || open {
            return false;
        }
        self.request = Some(Request {
            state: self.checked(),
            edit: self.edit,
            votes: BTreeMap::new(),
            last: BTreeMap::new(),
            recused: BTreeSet::new(),
            asked: None,
            appeal: None,
        });
        true
    }

    /// Where the checks put what is asked for now.
    fn checked(&self) -> State {
        if self.licensed { State::InReview } else { State::Blocked }
    }

    fn edit(&mut self, licensed: bool) -> bool {
        if self.release != "draft" {
            return false;
        }
        self.edit += 1;
        self.licensed = licensed;
        if let Some(request) = &mut self.request
            && matches!(request.state, State::InReview | State::Approved)
        {
            request.state = State::Ended("superseded");
        }
        true
    }

    fn quarantine(&mut self) -> bool {
        // A curator sees a private draft through a review of it.
        if self.release == "quarantined" || self.request.is_none() {
            return false;
        }
        self.release = "quarantined";
        if let Some(request) = &mut self.request
            && request.state.is_open()
        {
            request.state = State::Ended("superseded");
        }
        true
    }

    fn act(&mut self, request: &mut Request, step: Step) -> bool {
        let fresh = request.edit == self.edit;
        match step {
            Step::Vote(who, decision) => {
                let voting =
                    matches!(request.state, State::InReview | State::ChangesRequested | State::Approved);
                if !voting || !fresh || !Self::may_decide(request, who) {
                    return false;
                }
                request.votes.insert(who, decision);
                request.last.insert(who, decision);
                Self::settle(request);
            }
            Step::Release(_) => {
                if request.state != State::Approved || !fresh || self.release != "draft" {
                    return false;
                }
                request.state = State::Ended("published");
                self.release = "published";
            }
            Step::Withdraw => {
                if !request.state.is_open() {
                    return false;
                }
                request.state = State::Ended("withdrawn");
            }
            Step::Resubmit => {
                if !matches!(request.state, State::ChangesRequested | State::Blocked) {
                    return false;
                }
                request.edit = self.edit;
                request.votes.clear();
                request.state = self.checked();
            }
            Step::RunChecks(_) => {
                if !matches!(request.state, State::InReview | State::Blocked) || !fresh {
                    return false;
                }
                request.state = self.checked();
                if request.state == State::InReview {
                    Self::settle(request);
                }
            }
            Step::Recuse(who) => {
                if !request.state.is_open() {
                    return false;
                }
                request.recused.insert(who);
                // While its author is at work on it, it waits for them.
                if matches!(request.state, State::ChangesRequested | State::Approved) && fresh {
                    Self::settle(request);
                }
            }
            _ => return self.rare(request, step),
        }
        true
    }

    fn rare(&mut self, request: &mut Request, step: Step) -> bool {
        let fresh = request.edit == self.edit;
        match step {
            Step::AskGlass(who) => {
                let may = ["ada", "bert"].contains(&who) && Self::may_decide(request, who);
                if request.state != State::InReview || !fresh || !may {
                    return false;
                }
                request.asked = Some((who, request.edit));
            }
            Step::Countersign(who) => {
                let Some((first, edit)) = request.asked else { return false };
                let two = first != who && Self::may_decide(request, first) && Self::may_decide(request, who);
                let ready = request.state == State::InReview && self.release == "draft";
                if !ready || !fresh || edit != self.edit || !two {
                    return false;
                }
                request.state = State::Ended("published");
                self.release = "published";
            }
            Step::Appeal => {
                if request.state != State::Ended("rejected") || request.appeal.is_some() {
                    return false;
                }
                request.appeal = Some(true);
            }
            Step::WithdrawAppeal => {
                if request.state != State::Ended("rejected") || request.appeal != Some(true) {
                    return false;
                }
                request.appeal = Some(false);
            }
            Step::DecideAppeal(who, what) => {
                let waits = request.state == State::Ended("rejected") && request.appeal == Some(true);
                let rejected = request.last.get(who) == Some(&"reject");
                if !waits || rejected || !Self::may_decide(request, who) || (what == "reopen" && !fresh) {
                    return false;
                }
                request.appeal = Some(false);
                if what == "reopen" {
                    request.votes.clear();
                    request.state = State::InReview;
                }
            }
            _ => return false,
        }
        true
    }
}
