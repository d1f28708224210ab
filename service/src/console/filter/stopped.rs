//! What is to be done about a release that is quarantined: what to use instead, and the ways back for those who have
//! it on their targets. Sends nothing.
use crate::{
    auth::Identity,
    console::deployments::held::{self, Held},
    deployments,
    error::Result,
    releases::instead,
    state::State,
};
use tamis_entities::{
    release,
    value::{ReleaseState, Version},
};

pub struct Stopped {
    pub last_good: Option<Version>,
    /// The reader's own.
    pub held: Held,
    /// Targets of others: how many, for those who stop releases.
    pub others: u64,
}

/// None of a release that is not.
pub async fn of(
    state: &State,
    who: Option<&Identity>,
    curates: bool,
    release: &release::Model,
) -> Result<Option<Stopped>> {
    if release.state != ReleaseState::Quarantined {
        return Ok(None);
    }
    let mut stopped =
        Stopped { last_good: last_good(state, release).await?, held: Held::default(), others: 0 };
    if let Some(who) = who {
        stopped.held = held::of(state, who, &release.sha256).await?;
        if curates {
            stopped.others = deployments::held::counted(state, who, &release.sha256).await?.others;
        }
    }
    Ok(Some(stopped))
}

/// Of the same filter.
pub async fn last_good(state: &State, release: &release::Model) -> Result<Option<Version>> {
    let mut good = instead::of(&*state.db, [release.filter_id], &release.sha256).await?;
    Ok(good.remove(&release.filter_id))
}
