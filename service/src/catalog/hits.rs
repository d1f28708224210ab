//! What a search of the catalog finds: the filters that have all of the words, or where none has, those that have some.
use super::query::{CatalogQuery, labelled};
use crate::{
    error::Result,
    search::{self, Corpus},
    state::State,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use std::collections::HashSet;
use tamis_entities::catalog_entry;
use uuid::Uuid;

/// Hits of a search that are shown or counted.
pub const MOST: u64 = 1000;

#[derive(Default)]
pub struct Hits {
    /// Best first.
    pub ids: Vec<Uuid>,
    /// None of them has all of the words.
    pub some: bool,
}

async fn all(state: &State, q: &str, within: Condition, most: u64) -> Result<Vec<Uuid>> {
    search::find(&*state.db, Corpus::Catalog, q, Some(within), most).await
}

/// Within everything that was chosen.
pub async fn narrowed(state: &State, query: &CatalogQuery, q: &str, within: Condition) -> Result<Hits> {
    let ids = all(state, q, within.clone(), MOST).await?;
    if !ids.is_empty() {
        return Ok(Hits { ids, some: false });
    }
    let wider = labelled(state, query).await?;
    if !query.is_narrowed() {
        return some(state, q, wider).await;
    }
    // If a filter has all of the words, the choices are what leaves nothing.
    if !all(state, q, wider.clone(), 1).await?.is_empty() {
        return Ok(Hits::default());
    }
    let hits = some(state, q, wider).await?;
    let fit = fitting(state, &hits.ids, within).await?;
    let ids: Vec<_> = hits.ids.into_iter().filter(|id| fit.contains(id)).collect();
    Ok(Hits { some: !ids.is_empty(), ids })
}

/// Whatever was chosen besides label and category: the counts see to that.
pub async fn labelled_only(state: &State, query: &CatalogQuery, q: &str) -> Result<Vec<Uuid>> {
    let within = labelled(state, query).await?;
    let ids = all(state, q, within.clone(), MOST).await?;
    Ok(if ids.is_empty() { some(state, q, within).await?.ids } else { ids })
}

async fn some(state: &State, q: &str, within: Condition) -> Result<Hits> {
    let ids = search::find_some(&*state.db, Corpus::Catalog, q, Some(within), MOST).await?;
    Ok(Hits { some: !ids.is_empty(), ids })
}

async fn fitting(state: &State, ids: &[Uuid], within: Condition) -> Result<HashSet<Uuid>> {
    use catalog_entry::Column::FilterId;
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = catalog_entry::Entity::find().select_only().column(FilterId);
    let rows = rows.filter(FilterId.is_in(ids.iter().copied())).filter(within);
    Ok(rows.into_tuple::<Uuid>().all(&*state.db).await?.into_iter().collect())
}
