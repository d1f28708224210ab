//! What was counted a moment ago: for pages, on which a number that is some seconds old does no harm,
//! and counting a large catalog or queue for each of them would. The API counts each time. Knows
//! nothing of what is counted.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

const FRESH: Duration = Duration::from_secs(5);
/// Older than this, it is worth waiting for a new one.
const OLD: Duration = Duration::from_secs(60);
/// Questions whose answers are kept at once.
const MOST: usize = 256;

pub struct Recent<T>(Mutex<HashMap<String, Kept<T>>>);

struct Kept<T> {
    at: Instant,
    answer: Arc<T>,
    /// Somebody makes a new one.
    renewing: bool,
}

pub enum Found<T> {
    Fresh(Arc<T>),
    /// Good enough to be shown. Who gets this makes a new one, out of the way; nobody else does.
    Old(Arc<T>),
    Missing,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Recent<T> {
    pub fn get(&self, asked: &str) -> Found<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get_mut(asked) {
            Some(kept) if kept.at.elapsed() < FRESH => Found::Fresh(kept.answer.clone()),
            Some(kept) if kept.at.elapsed() < OLD && kept.renewing => Found::Fresh(kept.answer.clone()),
            Some(kept) if kept.at.elapsed() < OLD => {
                kept.renewing = true;
                Found::Old(kept.answer.clone())
            }
            _ => Found::Missing,
        }
    }

    pub fn keep(&self, asked: String, answer: impl Into<Arc<T>>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.retain(|_, kept| kept.at.elapsed() < OLD);
        }
        if all.len() < MOST || all.contains_key(&asked) {
            all.insert(asked, Kept { at: Instant::now(), answer: answer.into(), renewing: false });
        }
    }

    pub fn forget(&self, asked: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(asked);
    }
}
