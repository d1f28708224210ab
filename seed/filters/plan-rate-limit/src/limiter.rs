//! The token bucket, kept in a fixed number of slots of shared data so that made-up
//! users cannot fill the proxy's memory: shared data never forgets a key.
//!
//! A bucket is stored as the time at which it will be full again (the "theoretical
//! arrival time" of the generic cell rate algorithm): one number, nothing to refill.

use sha2::{Digest, Sha256};

#[derive(Clone, Copy)]
pub struct Quota {
    limit: u64,
    /// Nanoseconds in which one request's worth flows back.
    interval: u64,
    /// Nanoseconds that a full bucket holds.
    depth: u64,
}

pub struct Decision {
    /// Seconds until the next request would pass; `None` if this one does.
    pub retry_after_seconds: Option<u64>,
    pub limit: u64,
    pub remaining: u64,
}

pub struct Limiter {
    scope: String,
    slots: u32,
}

/// Versioned storage that all workers share.
pub trait Store {
    type Version;
    fn get(&self, key: &str) -> (Option<Vec<u8>>, Self::Version);
    /// False if someone else has written since `version` was read.
    fn set(&self, key: &str, value: &[u8], version: Self::Version) -> bool;
}

#[derive(Clone, Copy)]
struct Bucket {
    owner: u64,
    full_at: u64,
}

const SECOND: u64 = 1_000_000_000;
/// Slots in which a user's bucket may lie.
const PROBES: u32 = 4;
/// Each failed write means that another worker's write succeeded.
const ATTEMPTS: u32 = 32;

impl Quota {
    pub fn new(requests: u64, per_seconds: u64, burst: u64) -> Self {
        let interval = (per_seconds * SECOND / requests).max(1);
        Self { limit: burst, interval, depth: interval.saturating_mul(burst) }
    }

    /// The bucket's new fill time, or how long to wait in nanoseconds.
    fn draw(self, full_at: u64, now: u64) -> Result<u64, u64> {
        // A clock that was set back must not lock anyone out for longer than a full bucket takes.
        let start = full_at.clamp(now, now.saturating_add(self.depth));
        let after = start.saturating_add(self.interval);
        match after.saturating_sub(now.saturating_add(self.depth)) {
            0 => Ok(after),
            wait => Err(wait),
        }
    }

    fn allowed(self, full_at: u64, now: u64) -> Decision {
        let left = now.saturating_add(self.depth).saturating_sub(full_at);
        Decision { retry_after_seconds: None, limit: self.limit, remaining: left / self.interval }
    }

    fn limited(self, wait: u64) -> Decision {
        Decision { retry_after_seconds: Some(wait.div_ceil(SECOND)), limit: self.limit, remaining: 0 }
    }
}

impl Limiter {
    pub fn new(scope: &str, slots: u32) -> Self {
        Self { scope: scope.to_owned(), slots }
    }

    pub fn take<S: Store>(&self, store: &S, user: &str, quota: Quota, now: u64) -> Decision {
        let digest = Sha256::digest(user);
        let (owner, rest) = read(&digest);
        let (first, _) = read(rest);
        for _ in 0..ATTEMPTS {
            let Some((key, held, version)) = self.find(store, owner, first, now) else { break };
            let full_at = held.map_or(0, |bucket| bucket.full_at);
            match quota.draw(full_at, now) {
                Err(wait) => return quota.limited(wait),
                Ok(full_at) => {
                    // A slot that a busy stranger holds is shared with the stranger, not taken over.
                    let owner = held.map_or(owner, |bucket| bucket.owner);
                    if store.set(&key, &Bucket { owner, full_at }.to_bytes(), version) {
                        return quota.allowed(full_at, now);
                    }
                }
            }
        }
        quota.limited(quota.interval)
    }

    /// The user's own slot; else one that is free or full again; else the first, to be shared.
    fn find<S: Store>(
        &self,
        store: &S,
        owner: u64,
        first: u64,
        now: u64,
    ) -> Option<(String, Option<Bucket>, S::Version)> {
        let key = |probe: u32| {
            format!(
                "plan-rate-limit/{}/{}",
                self.scope,
                first.wrapping_add(probe.into()) % u64::from(self.slots)
            )
        };
        let mut free = None;
        let mut shared = None;
        for probe in 0..PROBES {
            let key = key(probe);
            let (bytes, version) = store.get(&key);
            match bytes.as_deref().and_then(Bucket::from_bytes) {
                Some(bucket) if bucket.owner == owner => return Some((key, Some(bucket), version)),
                Some(bucket) if bucket.full_at > now => {
                    shared.get_or_insert((key, Some(bucket), version));
                }
                _ => {
                    free.get_or_insert((key, None, version));
                }
            }
        }
        free.or(shared)
    }
}

impl Bucket {
    fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.owner.to_le_bytes());
        bytes[8..].copy_from_slice(&self.full_at.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (owner, rest) = bytes.split_first_chunk()?;
        let full_at = rest.try_into().ok()?;
        Some(Self { owner: u64::from_le_bytes(*owner), full_at: u64::from_le_bytes(full_at) })
    }
}

/// The first eight bytes as a number, and what follows them.
fn read(bytes: &[u8]) -> (u64, &[u8]) {
    match bytes.split_first_chunk() {
        Some((first, rest)) => (u64::from_le_bytes(*first), rest),
        None => (0, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::HashMap;

    /// Writes fail while `conflicts` counts down, as if other workers were faster.
    #[derive(Default)]
    struct Memory {
        values: RefCell<HashMap<String, Vec<u8>>>,
        conflicts: RefCell<u32>,
    }

    impl Store for Memory {
        type Version = ();

        fn get(&self, key: &str) -> (Option<Vec<u8>>, ()) {
            (self.values.borrow().get(key).cloned(), ())
        }

        fn set(&self, key: &str, value: &[u8], (): ()) -> bool {
            let mut conflicts = self.conflicts.borrow_mut();
            if *conflicts > 0 {
                *conflicts -= 1;
                return false;
            }
            self.values.borrow_mut().insert(key.to_owned(), value.to_vec());
            true
        }
    }

    fn passes(limiter: &Limiter, store: &Memory, user: &str, now: u64) -> bool {
        limiter.take(store, user, Quota::new(2, 10, 3), now).retry_after_seconds.is_none()
    }

    #[test]
    fn a_full_bucket_gives_its_burst_and_then_the_rate() {
        let (limiter, store) = (Limiter::new("t", 64), Memory::default());
        let now = 1_000 * SECOND;
        assert_eq!((0..5).filter(|_| passes(&limiter, &store, "a", now)).count(), 3);
        let decision = limiter.take(&store, "a", Quota::new(2, 10, 3), now + SECOND);
        assert_eq!(decision.retry_after_seconds, Some(4));
        assert!(passes(&limiter, &store, "a", now + 5 * SECOND));
        assert!(!passes(&limiter, &store, "a", now + 5 * SECOND));
        assert_eq!((0..5).filter(|_| passes(&limiter, &store, "a", now + 60 * SECOND)).count(), 3);
    }

    #[test]
    fn the_remaining_number_counts_down_to_nothing() {
        let (limiter, store) = (Limiter::new("t", 64), Memory::default());
        let quota = Quota::new(2, 10, 3);
        let left: Vec<u64> = (0..4).map(|_| limiter.take(&store, "a", quota, SECOND).remaining).collect();
        assert_eq!(left, [2, 1, 0, 0]);
    }

    #[test]
    fn users_do_not_draw_from_each_other() {
        let (limiter, store) = (Limiter::new("t", 1024), Memory::default());
        assert_eq!((0..9).filter(|_| passes(&limiter, &store, "a", SECOND)).count(), 3);
        assert_eq!((0..9).filter(|_| passes(&limiter, &store, "b", SECOND)).count(), 3);
    }

    #[test]
    fn any_number_of_users_fits_into_the_slots() {
        let (limiter, store) = (Limiter::new("t", 8), Memory::default());
        for user in 0..500 {
            limiter.take(&store, &user.to_string(), Quota::new(2, 10, 3), SECOND);
        }
        assert!(store.values.borrow().len() <= 8);
        assert!(passes(&limiter, &store, "late", 3600 * SECOND));
    }

    #[test]
    fn a_lost_race_is_tried_again_and_an_endless_one_is_limited() {
        let (limiter, store) = (Limiter::new("t", 8), Memory::default());
        *store.conflicts.borrow_mut() = 5;
        assert!(passes(&limiter, &store, "a", SECOND));
        *store.conflicts.borrow_mut() = 1000;
        assert!(!passes(&limiter, &store, "a", SECOND));
    }

    #[test]
    fn a_clock_that_was_set_back_locks_out_no_longer_than_a_full_bucket_takes() {
        let (limiter, store) = (Limiter::new("t", 8), Memory::default());
        assert!(passes(&limiter, &store, "a", 1_000_000 * SECOND));
        assert!(!passes(&limiter, &store, "a", SECOND));
        let decision = limiter.take(&store, "a", Quota::new(2, 10, 3), SECOND);
        assert_eq!(decision.retry_after_seconds, Some(5));
    }
}
