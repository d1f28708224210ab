//! What a review page compares: the release as it would be, and what stood approved before it, or nothing.
use super::changes::{self, Group, Sides};
use crate::{
    auth::ReviewAccess,
    error::Result,
    releases::diff::{self, words},
    reviews::checks::compared_with,
    state::State,
};
use tamis_entities::{
    release,
    value::{Metadata, ReleaseState, Sha256, Version},
};

pub struct Compared {
    /// None: nothing of this filter was approved before, so all of it is new.
    pub before: Option<(Version, Sha256)>,
    pub same_bytes: bool,
    pub groups: Vec<Group>,
    pub new_powers: Vec<String>,
}

impl Compared {
    pub fn changed(&self) -> usize {
        self.groups.iter().map(|group| group.changed).sum()
    }
}

/// The release as it would be: what an `update` proposes in place of what is in force.
fn as_it_would_be(release: &release::Model, proposed: Option<&Metadata>) -> release::Model {
    match proposed {
        Some(metadata) => release::Model {
            metadata: metadata.clone(),
            approved: None,
            state: ReleaseState::Draft,
            ..release.clone()
        },
        None => release.clone(),
    }
}

/// `all`: every row, and not only the first of each group.
pub async fn compared(state: &State, found: &ReviewAccess, all: bool) -> Result<Compared> {
    let filter = &found.access.filter;
    let this = as_it_would_be(&found.release, found.review.proposed.as_ref());
    let new = words(filter, &this, true);
    let Some(before) = compared_with(state, &found.release, &found.review).await? else {
        let (module, said) = diff::with_nothing(state, filter, &this, true).await?;
        let groups = changes::of(&Sides { module: &module, said: &said, old: None, new }, all);
        return Ok(Compared { before: None, same_bytes: false, groups, new_powers: vec![] });
    };
    let diff = diff::diff(state, filter, (&before, &this), true).await?;
    let old = Some(words(filter, &before, true));
    let groups = changes::of(&Sides { module: &diff.module, said: &diff.metadata, old, new }, all);
    let new_powers = diff.module.capabilities.added.iter().map(|c| c.title.clone()).collect();
    let before = Some((before.version, before.sha256));
    Ok(Compared { before, same_bytes: diff.same_bytes, groups, new_powers })
}
