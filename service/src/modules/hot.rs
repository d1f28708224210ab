//! Hot modules in memory: a rollout asks for one digest thousands of times and reads the
//! store once. Holds checked bytes only, never more than `ROOM` of them, readers included,
//! however slow these are. Knows nothing of who may read what.
use bytes::Bytes;
use std::{
    collections::{BTreeMap, HashMap},
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
    by_key: HashMap<Arc<str>, Entry>,
    /// The least recently used one first.
    by_use: BTreeMap<u64, Arc<str>>,
    /// Counts uses.
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
        // Also when the reader goes away while it loads.
        let _forget = Forget { hot: self, key, cell: &cell };
        let loaded = cell.get_or_try_init(|| async {
            let room = self.reserve(size).ok_or(None)?;
            let bytes = load().await.map_err(Some)?;
            Ok::<_, Option<BlobError>>(Bytes::from_owner(Held { bytes, _room: room }))
        });
        match loaded.await {
            Ok(bytes) => Ok(Some(bytes.clone())),
            Err(failure) => failure.map_or(Ok(None), Err),
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

/// The last of those who wait for bytes takes an entry out that got none.
struct Forget<'a> {
    hot: &'a Hot,
    key: &'a BlobKey,
    cell: &'a Arc<OnceCell<Bytes>>,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        if !self.cell.initialized() {
            self.hot.lock().forget_unloaded(self.key, self.cell);
        }
    }
}

impl Entries {
    fn touch(&mut self, key: &BlobKey) -> Arc<OnceCell<Bytes>> {
        self.clock += 1;
        let name: Arc<str> = match self.by_key.get(key.as_str()) {
            Some(entry) => self.by_use.remove(&entry.used),
            None => None,
        }
        .unwrap_or_else(|| key.as_str().into());
        self.by_use.insert(self.clock, name.clone());
        let fresh = || Entry { bytes: Arc::default(), used: 0 };
        let entry = self.by_key.entry(name).or_insert_with(fresh);
        entry.used = self.clock;
        entry.bytes.clone()
    }

    fn forget_unloaded(&mut self, key: &BlobKey, cell: &Arc<OnceCell<Bytes>>) {
        // One is ours, one is the entry's.
        let alone = |entry: &Entry| Arc::ptr_eq(&entry.bytes, cell) && Arc::strong_count(cell) <= 2;
        if self.by_key.get(key.as_str()).is_some_and(alone)
            && let Some(entry) = self.by_key.remove(key.as_str())
        {
            self.by_use.remove(&entry.used);
        }
    }

    /// Passes over what is loading, which is as many as load at once.
    fn drop_oldest(&mut self) -> bool {
        let loaded = |key: &Arc<str>| self.by_key.get(key).is_some_and(|entry| entry.bytes.initialized());
        let Some(used) = self.by_use.iter().find(|(_, key)| loaded(key)).map(|(used, _)| *used) else {
            return false;
        };
        self.by_use.remove(&used).is_some_and(|key| self.by_key.remove(&key).is_some())
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
    async fn a_reader_who_leaves_while_it_loads_leaves_nothing() {
        let hot = Hot::default();
        let object = key(1);
        let forever = hot.get(&object, 5, || async { std::future::pending().await });
        let soon = std::time::Duration::from_millis(10);
        assert!(tokio::time::timeout(soon, forever).await.is_err());
        assert!(hot.lock().by_key.is_empty() && hot.lock().by_use.is_empty());
        assert_eq!(get(&hot, 1, 5).await.unwrap(), vec![1; 5]);
    }

    /// A large one after as many small ones as there is room for: each is looked at once, not all for each.
    #[tokio::test]
    async fn many_small_ones_make_room_at_once() {
        let hot = Hot::default();
        for n in 0..ROOM / KIB {
            assert!(get(&hot, n, 1).await.is_some());
        }
        let start = std::time::Instant::now();
        assert!(get(&hot, 1 << 20, LARGEST).await.is_some());
        assert!(start.elapsed() < std::time::Duration::from_secs(2), "{:?}", start.elapsed());
        let entries = hot.lock();
        assert_eq!(entries.by_key.len() as u64, (ROOM - LARGEST) / KIB + 1);
        assert_eq!(entries.by_key.len(), entries.by_use.len());
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
