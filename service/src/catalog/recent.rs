//! The counts by facets for pages, as they were a moment ago.
use super::{count, query::CatalogQuery, view::CatalogFacets};
use crate::{error::Result, recent::Found, state::State};
use std::sync::Arc;

pub async fn facets(state: &State, query: &CatalogQuery) -> Result<Arc<CatalogFacets>> {
    // Order and page change no count.
    let query = CatalogQuery { sort: None, after: None, limit: None, ..query.clone() };
    let asked = format!("{query:?}");
    match state.recent.get(&asked) {
        Found::Fresh(counts) => Ok(counts),
        Found::Old(counts) => {
            let state = state.clone();
            tokio::spawn(async move {
                if let Err(error) = renewed(&state, &query, asked).await {
                    tracing::warn!(%error, "the catalog was not counted anew");
                }
            });
            Ok(counts)
        }
        Found::Missing => renewed(state, &query, asked).await,
    }
}

async fn renewed(state: &State, query: &CatalogQuery, asked: String) -> Result<Arc<CatalogFacets>> {
    let counts = Arc::new(count::facets(state, query).await?);
    state.recent.keep(asked, counts.clone());
    Ok(counts)
}
