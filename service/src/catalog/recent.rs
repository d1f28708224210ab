//! Counts by facets as they were a moment ago: for pages, on which a number that is some seconds old does no
//! harm, and counting a large catalog for each of them would. The API counts each time.
use super::{count, query::CatalogQuery, view::CatalogFacets};
use crate::{error::Result, state::State};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

const FRESH: Duration = Duration::from_secs(5);
/// Questions whose counts are kept at once.
const MOST: usize = 256;

#[derive(Default)]
pub struct Recent(Mutex<HashMap<String, (Instant, Arc<CatalogFacets>)>>);

impl Recent {
    fn get(&self, asked: &str) -> Option<Arc<CatalogFacets>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(asked).filter(|(at, _)| at.elapsed() < FRESH).map(|(_, counts)| counts.clone())
    }

    fn keep(&self, asked: String, counts: Arc<CatalogFacets>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.retain(|_, (at, _)| at.elapsed() < FRESH);
        }
        if kept.len() < MOST {
            kept.insert(asked, (Instant::now(), counts));
        }
    }
}

pub async fn facets(state: &State, query: &CatalogQuery) -> Result<Arc<CatalogFacets>> {
    // Order and page change no count.
    let asked = format!("{:?}", CatalogQuery { sort: None, after: None, limit: None, ..query.clone() });
    if let Some(counts) = state.recent.get(&asked) {
        return Ok(counts);
    }
    let counts = Arc::new(count::facets(state, query).await?);
    state.recent.keep(asked, counts.clone());
    Ok(counts)
}
