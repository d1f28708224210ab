//! How a review stands, for whoever reads its page.
use super::Page;
use crate::console::reviews::asks;
use tamis_entities::value::ReviewState;

impl Page {
    /// The vote of the reader on what is judged now.
    pub(super) fn has_approved(&self) -> bool {
        asks::has_approved(&self.review, self.frame.who.as_ref().map(|who| who.handle.as_str()))
    }

    /// What the author has to wait for, or do, in one sentence.
    pub(super) fn standing(&self) -> Option<String> {
        let item = &self.review.item;
        Some(match item.state {
            ReviewState::Checking => "The checks are running; this page follows them.".into(),
            ReviewState::InReview => match item.position {
                Some(1) => "In review, next in line.".into(),
                Some(n) => format!("In review, {n} in line."),
                None => "In review.".into(),
            },
            ReviewState::BlockedByChecks => "Blocked by checks: fix what failed, save, and ask again.".into(),
            ReviewState::ChangesRequested => {
                "Changes are asked for: the votes say which. Change them, then ask again.".into()
            }
            ReviewState::Approved => "Approved. It is not live yet: release it when you are ready.".into(),
            ReviewState::Rejected if item.open_appeal.is_some() => {
                let own = if self.may("withdraw_appeal") {
                    " Nothing else can be asked of this release until then; you can withdraw the appeal."
                } else {
                    ""
                };
                format!("Rejected; an appeal waits for its answer.{own}")
            }
            ReviewState::Rejected if self.may("appeal") => {
                "Rejected: the votes say why. You can appeal once.".into()
            }
            ReviewState::Rejected => "Rejected: the votes say why.".into(),
            _ => return None,
        })
    }
}
