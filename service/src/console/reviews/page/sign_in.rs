//! What asks for a sign-in of the last minutes asks for it before anything is written, and not after.
use super::Page;
use crate::{
    auth::ReviewAccess,
    console::reviews::asks::{self, Ask},
};
use tamis_entities::value::ReleaseState;

impl Page {
    /// Nobody writes a reason that a refusal would lose: what asks for a newer sign-in has no dialog before it.
    pub(super) fn opens(&self, ask: &Ask) -> bool {
        !(self.stale && ask.is_grave)
    }

    /// Opens the dialog, or leads to a sign-in that comes back to it.
    pub(super) fn opener(&self, ask: &Ask) -> String {
        let dialog = format!("{}?act={}", self.here(), ask.id);
        if self.opens(ask) { dialog } else { asks::sign_in_for(&dialog) }
    }

    /// Where to sign in before anything grave is asked.
    pub(super) fn sign_in_first(&self) -> Option<String> {
        let first = self.asks.iter().any(|ask| !self.opens(ask));
        let asked = self.asks.iter().find(|ask| self.is_asked(ask.id));
        let back = asked.map_or_else(
            || format!("{}?tab={}", self.here(), self.tab),
            |ask| format!("{}?act={}", self.here(), ask.id),
        );
        first.then(|| asks::sign_in_for(&back))
    }
}

/// Where a curator stops what everyone can download, by way of a sign-in if that is too old.
pub fn quarantine(found: &ReviewAccess, stale: bool) -> Option<String> {
    let release = &found.release;
    let stops = matches!(release.state, ReleaseState::Published | ReleaseState::Yanked);
    let path = format!("/filters/{}/releases/{}/quarantine", found.access.name(), release.version);
    let path = if stale { asks::sign_in_for(&path) } else { path };
    (found.access.relation.curator && stops).then_some(path)
}
