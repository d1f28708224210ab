//! What anyone may pull, for the moment in which thousands do: a rollout asks for one manifest and one
//! blob again and again. Believed for a second at most, and forgotten at once by the process that
//! changes something; who comes with a credential is never answered from here.
use super::{access::Door, blobs, manifests, opening::Open, refusal::Result};
use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::OnceCell;

/// A revocation is felt within this time at every replica.
const BELIEVED: Duration = Duration::from_secs(1);
/// Things that are held at once.
const MOST: usize = 512;
/// Larger manifests are read each time.
const LARGEST: usize = 64 * 1024;

/// A repository's name, and what of it is asked for.
type Key = (String, String);

#[derive(Clone)]
enum Item {
    Manifest(Arc<manifests::Sendable>),
    Blob(Arc<blobs::Sendable>),
}

/// How one kind of thing is kept.
struct Keeping<T> {
    is_open: fn(&T) -> bool,
    pack: fn(Arc<T>) -> Item,
    unpack: fn(Item) -> Option<Arc<T>>,
}

type Cell = Arc<OnceCell<Option<Item>>>;

#[derive(Default)]
pub struct Known(Mutex<HashMap<Key, (Instant, Cell)>>);

/// Only for strangers: what they get is the same for all of them.
fn key(door: &Door, what: &str) -> Option<Key> {
    let name = door.name.as_ref().filter(|_| door.caller.identity().is_none())?;
    Some((name.to_string(), what.to_owned()))
}

impl Known {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, (Instant, Cell)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something that could be pulled has changed.
    pub fn forget(&self) {
        self.lock().clear();
    }

    /// The cell for a thing, if there is room: one of those who ask at once fills it.
    fn cell(&self, key: &Key) -> Option<Cell> {
        let mut known = self.lock();
        let fresh = |(at, _): &(Instant, Cell)| at.elapsed() < BELIEVED;
        if let Some(entry) = known.get(key).filter(|entry| fresh(entry)) {
            return Some(entry.1.clone());
        }
        if known.len() >= MOST {
            known.retain(|_, entry| fresh(entry));
        }
        (known.len() < MOST).then(|| {
            let cell = Cell::default();
            known.insert(key.clone(), (Instant::now(), cell.clone()));
            cell
        })
    }

    async fn get<F: Future<Output = Option<Item>>>(&self, key: Key, find: F) -> Option<Item> {
        let cell = self.cell(&key)?;
        let found = cell.get_or_init(|| find).await.clone();
        if found.is_none() {
            // A refusal is never remembered.
            let mut known = self.lock();
            if known.get(&key).is_some_and(|(_, kept)| Arc::ptr_eq(kept, &cell)) {
                known.remove(&key);
            }
        }
        found
    }

    /// What is known, else what is found. What is not for others to have is still the answer to who asked.
    async fn or_find<T, F>(&self, key: Option<Key>, find: F, kind: Keeping<T>) -> Result<Arc<T>>
    where
        F: AsyncFn() -> Result<T>,
    {
        let Some(key) = key else { return find().await.map(Arc::new) };
        let mut own = None;
        let keep = async {
            let found = find().await.map(Arc::new);
            let kept = found.as_ref().ok().filter(|thing| (kind.is_open)(thing)).cloned();
            own = Some(found);
            kept.map(kind.pack)
        };
        let known = self.get(key, keep).await.and_then(kind.unpack);
        match (known, own) {
            (Some(thing), _) => Ok(thing),
            (None, Some(own)) => own,
            // Somebody else looked, and it was nothing to keep.
            (None, None) => find().await.map(Arc::new),
        }
    }

    pub async fn manifest<F>(&self, door: &Door, reference: &str, find: F) -> Result<Arc<manifests::Sendable>>
    where
        F: AsyncFn() -> Result<manifests::Sendable>,
    {
        let kind = Keeping {
            is_open: |m: &manifests::Sendable| m.opened.how == Open::Public && m.content.len() <= LARGEST,
            pack: Item::Manifest,
            unpack: |item| match item {
                Item::Manifest(manifest) => Some(manifest),
                Item::Blob(_) => None,
            },
        };
        self.or_find(key(door, reference), find, kind).await
    }

    pub async fn blob<F>(&self, door: &Door, digest: &str, find: F) -> Result<Arc<blobs::Sendable>>
    where
        F: AsyncFn() -> Result<blobs::Sendable>,
    {
        let kind = Keeping {
            is_open: |b: &blobs::Sendable| b.open == Open::Public,
            pack: Item::Blob,
            unpack: |item| match item {
                Item::Blob(blob) => Some(blob),
                Item::Manifest(_) => None,
            },
        };
        // A manifest may have the digest of a blob.
        self.or_find(key(door, &format!("blob {digest}")), find, kind).await
    }
}
