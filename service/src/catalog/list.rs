//! `GET /api/v1/catalog`: keyset-paged, or best hits first.
use super::{
    hits,
    query::{CatalogQuery, CatalogSort, Narrow},
    view::{CatalogItem, CatalogPage},
};
use crate::{
    error::Result,
    http::page::{Cursors, Page, PageQuery},
    state::State,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select};
use std::collections::HashMap;
use tamis_entities::catalog_entry;
use uuid::Uuid;

pub async fn list(state: &State, query: &CatalogQuery) -> Result<CatalogPage> {
    let page = PageQuery { after: query.after.clone(), limit: query.limit };
    let limit = page.limit()?;
    let plain = CatalogQuery { after: None, limit: None, ..query.clone() };
    // What is published is the same for everyone, and so are its cursors.
    let cursors = Cursors { key: &state.secret, context: format!("catalog|{plain:?}") };
    let narrow = Narrow::of(state, query).await?;
    let within = narrow.everything(state, query).await?;
    match query.words() {
        Some(q) => {
            let hits = hits::narrowed(state, query, q, within).await?;
            let ids = sorted(state, hits.ids, query.sort.unwrap_or_default()).await?;
            let page = search_page(state, ids, &page, &cursors, limit).await?;
            Ok(CatalogPage::of(page, hits.some))
        }
        None => {
            let sort = query.sort.unwrap_or_default();
            let page = keyset_page(state, within, sort, &page, &cursors, limit).await?;
            Ok(CatalogPage::of(page, false))
        }
    }
}

/// Hits come best first; in another order if that was asked for.
async fn sorted(state: &State, hits: Vec<Uuid>, sort: CatalogSort) -> Result<Vec<Uuid>> {
    use catalog_entry::Column::{Downloads, FilterId, Name, PublishedAt};
    let (column, order) = match sort {
        CatalogSort::Relevance => return Ok(hits),
        CatalogSort::Newest => (PublishedAt, Order::Desc),
        CatalogSort::Downloads => (Downloads, Order::Desc),
        CatalogSort::Name => (Name, Order::Asc),
    };
    let rows = catalog_entry::Entity::find().select_only().column(FilterId).filter(FilterId.is_in(hits));
    let rows = rows.order_by(column, order.clone()).order_by(FilterId, order);
    Ok(rows.into_tuple().all(&*state.db).await?)
}

async fn search_page(
    state: &State,
    hits: Vec<Uuid>,
    page: &PageQuery,
    cursors: &Cursors<'_>,
    limit: u64,
) -> Result<Page<CatalogItem>> {
    let from: usize = cursors.open(page.after.as_deref())?.unwrap_or(0);
    let until = from.saturating_add(usize::try_from(limit).unwrap_or(usize::MAX)).min(hits.len());
    let ids = hits.get(from..until).unwrap_or_default();
    let rows = catalog_entry::Entity::find()
        .filter(catalog_entry::Column::FilterId.is_in(ids.iter().copied()))
        .all(&*state.db)
        .await?;
    let mut by_id: HashMap<_, _> = rows.into_iter().map(|e| (e.filter_id, e)).collect();
    let items = ids.iter().filter_map(|id| by_id.remove(id)).map(Into::into).collect();
    let next = (until < hits.len()).then(|| cursors.seal(&until)).transpose()?;
    Ok(Page { items, next })
}

async fn keyset_page(
    state: &State,
    within: Condition,
    sort: CatalogSort,
    page: &PageQuery,
    cursors: &Cursors<'_>,
    limit: u64,
) -> Result<Page<CatalogItem>> {
    use catalog_entry::Column::{Downloads, FilterId, Name, PublishedAt};
    let rows = catalog_entry::Entity::find().filter(within);
    let most_first = |column: catalog_entry::Column| -> Result<Select<catalog_entry::Entity>> {
        let mut rows = rows.clone();
        if let Some((at, id)) = cursors.open::<(i64, Uuid)>(page.after.as_deref())? {
            let same = Condition::all().add(column.eq(at)).add(FilterId.lt(id));
            rows = rows.filter(column.lte(at)).filter(Condition::any().add(column.lt(at)).add(same));
        }
        Ok(rows.order_by(column, Order::Desc).order_by(FilterId, Order::Desc))
    };
    let rows = match sort {
        CatalogSort::Name => {
            let mut rows = rows;
            if let Some((name, id)) = cursors.open::<(String, Uuid)>(page.after.as_deref())? {
                let same = Condition::all().add(Name.eq(name.as_str())).add(FilterId.gt(id));
                rows = rows
                    .filter(Name.gte(name.as_str()))
                    .filter(Condition::any().add(Name.gt(name)).add(same));
            }
            rows.order_by(Name, Order::Asc).order_by(FilterId, Order::Asc)
        }
        CatalogSort::Relevance | CatalogSort::Newest => most_first(PublishedAt)?,
        CatalogSort::Downloads => most_first(Downloads)?,
    };
    let mut rows = rows.limit(limit + 1).all(&*state.db).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = match (more, rows.last()) {
        (true, Some(last)) if sort == CatalogSort::Name => Some(cursors.seal(&(&last.name, last.filter_id))?),
        (true, Some(last)) if sort == CatalogSort::Downloads => {
            Some(cursors.seal(&(last.downloads, last.filter_id))?)
        }
        (true, Some(last)) => Some(cursors.seal(&(last.published_at.0, last.filter_id))?),
        _ => None,
    };
    Ok(Page { items: rows.into_iter().map(Into::into).collect(), next })
}
