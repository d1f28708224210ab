//! What anyone may pull, for the moment in which thousands do: a rollout asks for one manifest and one
//! blob again and again. Believed for a second at most, and forgotten at once by the process that
//! changes something; who comes with a credential is never answered from here.
use super::{
    access::{Door, Open},
    blobs, manifests,
};
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

    pub async fn manifest<F>(&self, door: &Door, reference: &str, find: F) -> Option<Arc<manifests::Sendable>>
    where
        F: Future<Output = Option<manifests::Sendable>>,
    {
        let good = |m: &manifests::Sendable| m.opened.how == Open::Public && m.content.len() <= LARGEST;
        let find = async { find.await.filter(good).map(|m| Item::Manifest(m.into())) };
        match self.get(key(door, reference)?, find).await? {
            Item::Manifest(manifest) => Some(manifest),
            Item::Blob(_) => None,
        }
    }

    pub async fn blob<F>(&self, door: &Door, digest: &str, find: F) -> Option<Arc<blobs::Sendable>>
    where
        F: Future<Output = Option<blobs::Sendable>>,
    {
        let find = async { find.await.filter(|b| b.open == Open::Public).map(|b| Item::Blob(b.into())) };
        // A manifest may have the digest of a blob.
        match self.get(key(door, &format!("blob {digest}"))?, find).await? {
            Item::Blob(blob) => Some(blob),
            Item::Manifest(_) => None,
        }
    }
}
