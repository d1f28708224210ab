//! Whether anyone may have a module: asked for every pull, so the answer of this very moment is
//! shared by those who ask at once, and kept for less than a second. What this process itself
//! changes is forgotten at once; what another one does is seen when the answer is old.
use crate::{error::Result, state::State};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect, QueryTrait, sea_query::Expr};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tamis_entities::{
    module, release,
    value::{ModuleState, ReleaseState, Sha256},
};
use tokio::sync::OnceCell;

/// Half of what a revocation may take.
const FRESH: Duration = Duration::from_millis(500);
/// Digests that are asked for within that time, made-up ones too.
const MOST: usize = 4096;

/// Of a module that anyone may have.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    pub size: u64,
    pub generation: i64,
}

type Answer = Arc<OnceCell<Option<Open>>>;

#[derive(Default)]
pub struct Standing(Mutex<HashMap<[u8; 32], (Instant, Answer)>>);

impl Standing {
    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], (Instant, Answer)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer that those share who asked since it was begun.
    fn answer(&self, digest: [u8; 32]) -> Answer {
        let mut kept = self.lock();
        if let Some((begun, answer)) = kept.get(&digest)
            && begun.elapsed() < FRESH
        {
            return answer.clone();
        }
        if kept.len() >= MOST {
            kept.retain(|_, (begun, _)| begun.elapsed() < FRESH);
        }
        let answer = Answer::default();
        if kept.len() < MOST {
            kept.insert(digest, (Instant::now(), answer.clone()));
        }
        answer
    }

    /// A release of these bytes has changed; call it when that is committed.
    pub fn forget(&self, sha256: &Sha256) {
        self.lock().remove(&sha256.bytes());
    }
}

/// None unless anyone may have the module.
pub async fn open(state: &State, sha256: &Sha256) -> Result<Option<Open>> {
    let answer = state.standing.answer(sha256.bytes());
    answer.get_or_try_init(|| ask(state, sha256)).await.copied()
}

/// One question to the database: live, published somewhere, quarantined nowhere.
async fn ask(state: &State, sha256: &Sha256) -> Result<Option<Open>> {
    let with = |states: &[ReleaseState]| {
        let here = Expr::col((release::Entity, release::Column::Sha256))
            .equals((module::Entity, module::Column::Sha256));
        let such = release::Entity::find().select_only().column(release::Column::Id).filter(here);
        Expr::exists(such.filter(release::Column::State.is_in(states.iter().copied())).into_query())
    };
    let row = module::Entity::find_by_id(sha256.clone())
        .filter(module::Column::State.eq(ModuleState::Live))
        .filter(with(&[ReleaseState::Published, ReleaseState::Yanked]))
        .filter(with(&[ReleaseState::Quarantined]).not())
        .one(&*state.db)
        .await?;
    Ok(row.and_then(|m| Some(Open { size: u64::try_from(m.size).ok()?, generation: m.generation })))
}

/// Whether somebody without credentials gets the module by its digest: where it is not open, it is still
/// served by what is published, unless it was theirs to read where it is quarantined now.
pub async fn is_served(state: &State, sha256: &Sha256) -> Result<bool> {
    use release::Column::{PriorState, Sha256 as Digest, State as Now};
    if open(state, sha256).await?.is_some() {
        return Ok(true);
    }
    let public = [ReleaseState::Published, ReleaseState::Yanked];
    let such = release::Entity::find().filter(Digest.eq(sha256.clone()));
    let barred = such.clone().filter(Now.eq(ReleaseState::Quarantined)).filter(PriorState.is_in(public));
    let published = such.filter(Now.is_in(public)).one(&*state.db).await?;
    Ok(published.is_some() && barred.one(&*state.db).await?.is_none())
}
