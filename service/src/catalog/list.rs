//! `GET /api/v1/catalog`: keyset-paged, or best hits first.
use super::view::CatalogItem;
use crate::{
    auth::names,
    error::Result,
    http::page::{Cursors, Page, PageQuery},
    search::{self, Corpus},
    state::State,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, Order, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select, sea_query::Expr,
};
use serde::Deserialize;
use std::collections::HashMap;
use tamis_entities::{
    catalog_entry, filter_label,
    value::{LabelKind, PluginType, Slug},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

const MOST_HITS: u64 = 1000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatalogSort {
    #[default]
    Published,
    Name,
    /// Most used first. Counts go on while pages are turned: one may be met twice.
    Downloads,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CatalogQuery {
    /// Words of name, title, summary, labels or README; small typos are forgiven.
    #[param(max_length = 200)]
    pub q: Option<String>,
    pub namespace: Option<Slug>,
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub plugin_type: Option<PluginType>,
    #[param(max_length = 20)]
    pub abi: Option<String>,
    #[param(max_length = 256)]
    pub licence: Option<String>,
    #[param(max_length = 50)]
    pub label: Option<String>,
    #[param(max_length = 50)]
    pub category: Option<String>,
    /// Newest first, by name, or most used first. Ignored when there is a `q`: hits come best first.
    #[param(inline)]
    pub sort: Option<CatalogSort>,
    /// Where the page before ended: its `next`.
    pub after: Option<String>,
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u64>,
}

async fn conditions(state: &State, query: &CatalogQuery) -> Result<Condition> {
    use catalog_entry::Column;
    let mut all = Condition::all();
    if let Some(namespace) = &query.namespace {
        let found = names::namespace(&*state.db, namespace).await?;
        all = all.add(Column::NamespaceId.eq(found.map_or(Uuid::nil(), |(n, _)| n.id)));
    }
    if let Some(plugin_type) = query.plugin_type {
        all = all.add(Column::PluginType.eq(plugin_type));
    }
    if let Some(abi) = &query.abi {
        all = all.add(Column::AbiVersion.eq(abi.as_str()));
    }
    if let Some(licence) = &query.licence {
        all = all.add(Column::Licence.eq(licence.as_str()));
    }
    for (kind, value) in [(LabelKind::Label, &query.label), (LabelKind::Category, &query.category)] {
        if let Some(value) = value {
            let with = filter_label::Entity::find()
                .select_only()
                .column(filter_label::Column::FilterId)
                .filter(filter_label::Column::Kind.eq(kind))
                .filter(filter_label::Column::Value.eq(value.to_lowercase()));
            let few = with.clone().into_query();
            // What few have is looked up first; what many have is met on the way through the list.
            all = if state.db.is_few(&few).await? {
                all.add(Column::FilterId.in_subquery(few))
            } else {
                let label = Expr::col((filter_label::Entity, filter_label::Column::FilterId));
                let here = label.equals((catalog_entry::Entity, Column::FilterId));
                all.add(Expr::exists(with.filter(here).into_query()))
            };
        }
    }
    Ok(all)
}

pub async fn list(state: &State, query: &CatalogQuery) -> Result<Page<CatalogItem>> {
    let page = PageQuery { after: query.after.clone(), limit: query.limit };
    let limit = page.limit()?;
    let plain = CatalogQuery { after: None, limit: None, ..query.clone() };
    // What is published is the same for everyone, and so are its cursors.
    let cursors = Cursors { key: &state.secret, context: format!("catalog|{plain:?}") };
    let within = conditions(state, query).await?;
    match query.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        Some(q) => {
            let hits = search::find(&*state.db, Corpus::Catalog, q, Some(within), MOST_HITS).await?;
            search_page(state, hits, &page, &cursors, limit).await
        }
        None => keyset_page(state, within, query.sort.unwrap_or_default(), &page, &cursors, limit).await,
    }
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
        CatalogSort::Published => most_first(PublishedAt)?,
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
