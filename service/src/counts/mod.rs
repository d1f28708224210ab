//! How often releases are downloaded, cloned and pulled: numbers per release and day, and
//! nothing of who. Counted in memory and written in batches (`flush`), so that no answer waits
//! for a write. A process that is killed loses what it counted since its last flush.
pub mod flush;
pub mod http;
pub mod report;
pub mod view;

use crate::state::State;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tamis_entities::{
    release_count,
    value::{CountKind, Day, Timestamp},
};
use uuid::Uuid;

/// Most different things that are held between two flushes: a megabyte. Only a database that is
/// away for long brings so many together.
const MOST: usize = 10_000;

/// What makes up the number that people see first.
const SHOWN: [CountKind; 2] = [CountKind::Download, CountKind::Pull];

/// Whose count it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Of {
    Release(Uuid),
    /// Of the release that made this digest public first; found when it is written.
    Digest([u8; 32]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    of: Of,
    day: Day,
    kind: CountKind,
}

/// The counts of this process that are not written yet.
pub struct Counts {
    on: bool,
    pending: Mutex<HashMap<Key, i64>>,
}

impl Counts {
    pub fn new(on: bool) -> Self {
        Self { on, pending: Mutex::default() }
    }

    fn pending(&self) -> MutexGuard<'_, HashMap<Key, i64>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more. `open`: everyone could have had it.
    pub fn add(&self, of: Of, kind: CountKind, open: bool, now: Timestamp) {
        let kind = if open { kind } else { CountKind::Unpublished };
        if self.on {
            self.put(Key { of, day: Day::of(now), kind }, 1);
        }
    }

    fn put(&self, key: Key, count: i64) {
        let mut pending = self.pending();
        let full = pending.len() >= MOST;
        match pending.entry(key) {
            Entry::Occupied(mut sum) => *sum.get_mut() = sum.get().saturating_add(count),
            Entry::Vacant(place) if !full => drop(place.insert(count)),
            Entry::Vacant(_) => metrics::counter!("tamis_counts_lost_total").increment(count.unsigned_abs()),
        }
    }

    fn take(&self) -> Vec<(Key, i64)> {
        std::mem::take(&mut *self.pending()).into_iter().collect()
    }
}

/// Counts a download when the last of the bytes asked for is handed to the connection.
pub struct Tally {
    state: State,
    of: Of,
    open: bool,
    left: u64,
}

impl Tally {
    pub fn new(state: &State, of: Of, open: bool, length: u64) -> Self {
        Self { state: state.clone(), of, open, left: length }
    }

    pub fn sent(&mut self, bytes: usize) {
        let before = self.left;
        self.left = self.left.saturating_sub(bytes as u64);
        if before > 0 && self.left == 0 {
            self.state.counts.add(self.of, CountKind::Download, self.open, self.state.clock.now());
        }
    }
}

/// How often a release was downloaded or pulled by everyone.
pub async fn downloads(state: &State, release: Uuid) -> crate::error::Result<i64> {
    let such = Condition::all()
        .add(release_count::Column::ReleaseId.eq(release))
        .add(release_count::Column::Kind.is_in(SHOWN));
    let row = release_count::Entity::find().select_only().expr(sum()).filter(such);
    let found = row.into_tuple::<Option<i64>>().one(&*state.db).await?;
    Ok(found.flatten().unwrap_or(0))
}

/// As a 64-bit number: PostgreSQL adds them up to a decimal.
fn sum() -> Expr {
    use sea_orm::ExprTrait;
    Expr::col((release_count::Entity, release_count::Column::Count)).sum().cast_as("bigint")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_what_is_known_goes_on_counting() {
        let counts = Counts::new(true);
        let now = Timestamp(0);
        for n in 0..(MOST + 100) {
            counts.add(Of::Release(Uuid::from_u128(n as u128)), CountKind::Download, true, now);
        }
        counts.add(Of::Release(Uuid::from_u128(7)), CountKind::Download, true, now);
        let taken = counts.take();
        assert_eq!(taken.len(), MOST);
        assert_eq!(taken.iter().map(|(_, n)| n).sum::<i64>(), MOST as i64 + 1);
        assert!(counts.take().is_empty());
    }
}
