//! Bytes that are stopped as another release than the one that is looked at: as which, and what to use instead.
use super::stopped::last_good;
use crate::{
    auth::FilterAccess,
    error::Result,
    modules::stopped::{self, Stopped},
    state::State,
};
use tamis_entities::{release, value::Version};

pub struct Instead {
    pub of: Stopped,
    pub last_good: Option<Version>,
}

/// None of bytes that nobody has stopped.
pub async fn of(state: &State, access: &FilterAccess, release: &release::Model) -> Result<Option<Instead>> {
    match stopped::of(state, access.caller.identity(), &release.sha256).await? {
        None => Ok(None),
        Some(of) => Ok(Some(Instead { of, last_good: last_good(state, release).await? })),
    }
}
