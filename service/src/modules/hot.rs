//! Hot modules in memory: a rollout asks for one digest thousands of times and reads the
//! store once. Holds checked bytes only, never more than `ROOM` of them, readers included,
//! however slow these are. Knows nothing of who may read what.
use bytes::Bytes;
use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tamis_blobs::{BlobError, BlobKey};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

const KIB: u64 = 1024;
const ROOM: u64 = 64 * 1024 * KIB;
/// Larger ones are streamed: a few of them would push everything else out.
const LARGEST: u64 = ROOM / 4;

pub struct Hot {
    entries: Mutex<Entries>,
    /// Free room in KiB.
    room: Arc<Semaphore>,
}

#[derive(Default)]
struct Entries {
    by_key: HashMap<String, Entry>,
    /// Counts uses, so that the least recent one is known.
    clock: u64,
}

struct Entry {
    bytes: Arc<OnceCell<Bytes>>,
    used: u64,
}

/// Gives its room back when the last reader is done with it.
struct Held {
    bytes: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Default for Hot {
    fn default() -> Self {
        Self {
            entries: Mutex::default(),
            room: Arc::new(Semaphore::new(usize::try_from(ROOM / KIB).unwrap_or_default())),
        }
    }
}

impl Hot {
    /// The bytes of that object, loaded by one of those who ask for it at once. None when
    /// there is no room for them: stream them then.
    pub async fn get<F>(
        &self,
        key: &BlobKey,
        size: u64,
        load: impl FnOnce() -> F,
    ) -> Result<Option<Bytes>, BlobError>
    where
        F: Future<Output = Result<Vec<u8>, BlobError>>,
    {
        if size > LARGEST {
            return Ok(None);
        }
        let cell = self.lock().touch(key);
        let loaded = cell.get_or_try_init(|| async {
            let room = self.reserve(size).ok_or(None)?;
            let bytes = load().await.map_err(Some)?;
            Ok::<_, Option<BlobError>>(Bytes::from_owner(Held { bytes, _room: room }))
        });
        match loaded.await {
            Ok(bytes) => Ok(Some(bytes.clone())),
            Err(failure) => {
                self.lock().forget_unloaded(key, &cell);
                failure.map_or(Ok(None), Err)
            }
        }
    }

    /// Room for so many bytes, made by dropping what was used least recently.
    fn reserve(&self, size: u64) -> Option<OwnedSemaphorePermit> {
        let kib = u32::try_from(size.div_ceil(KIB)).ok()?;
        loop {
            if let Ok(room) = self.room.clone().try_acquire_many_owned(kib) {
                return Some(room);
            }
            if !self.lock().drop_oldest() {
                return None;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        // Whoever panicked meanwhile left at most an entry without bytes.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn touch(&mut self, key: &BlobKey) -> Arc<OnceCell<Bytes>> {
        self.clock += 1;
        let fresh = || Entry { bytes: Arc::default(), used: 0 };
        let entry = self.by_key.entry(key.as_str().to_owned()).or_insert_with(fresh);
        entry.used = self.clock;
        entry.bytes.clone()
    }

    fn forget_unloaded(&mut self, key: &BlobKey, cell: &Arc<OnceCell<Bytes>>) {
        let same = |entry: &Entry| Arc::ptr_eq(&entry.bytes, cell) && !entry.bytes.initialized();
        if self.by_key.get(key.as_str()).is_some_and(same) {
            self.by_key.remove(key.as_str());
        }
    }

    fn drop_oldest(&mut self) -> bool {
        let loaded = self.by_key.iter().filter(|(_, entry)| entry.bytes.initialized());
        let oldest = loaded.min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone());
        oldest.is_some_and(|key| self.by_key.remove(&key).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn key(n: u64) -> BlobKey {
        BlobKey::module(&format!("{n:064x}"), 1).unwrap()
    }

    async fn get(hot: &Hot, n: u64, size: u64) -> Option<Bytes> {
        hot.get(&key(n), size, || async move { Ok(vec![n as u8; size as usize]) }).await.unwrap()
    }

    #[tokio::test]
    async fn many_readers_of_one_object_load_it_once() {
        let (hot, loads) = (Hot::default(), AtomicUsize::new(0));
        let object = key(1);
        let load = || async {
            loads.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            Ok(vec![7; 10])
        };
        let readers = (0..50).map(|_| hot.get(&object, 10, load));
        for read in futures_util::future::join_all(readers).await {
            assert_eq!(read.unwrap().unwrap(), vec![7; 10]);
        }
        assert_eq!(loads.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_failed_load_is_not_remembered() {
        let hot = Hot::default();
        let failed = hot.get(&key(1), 5, || async { Err(BlobError::NotFound) }).await;
        assert!(failed.is_err());
        assert_eq!(get(&hot, 1, 5).await.unwrap(), vec![1; 5]);
    }

    #[tokio::test]
    async fn the_least_recently_read_makes_room_for_the_next() {
        let hot = Hot::default();
        for n in 0..4 {
            assert!(get(&hot, n, LARGEST).await.is_some());
        }
        assert!(get(&hot, 0, LARGEST).await.is_some());
        assert!(get(&hot, 9, LARGEST).await.is_some());
        let held: Vec<_> = (0..4).filter(|n| hot.lock().by_key.contains_key(key(*n).as_str())).collect();
        assert_eq!(held, [0, 2, 3]);
    }

    #[tokio::test]
    async fn bytes_that_slow_readers_hold_still_take_room() {
        let hot = Hot::default();
        let mut readers = vec![];
        for n in 0..4 {
            readers.push(get(&hot, n, LARGEST).await.unwrap());
        }
        assert!(get(&hot, 9, LARGEST).await.is_none());
        readers.pop();
        assert!(get(&hot, 9, LARGEST).await.is_some());
        assert!(get(&hot, 10, LARGEST + 1).await.is_none());
    }
}
