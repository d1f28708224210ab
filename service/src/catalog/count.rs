//! `GET /api/v1/catalog/facets`: for each value that can be chosen, how many filters one would
//! find then. Exact without a search, since filters share few combinations of facets; of a search
//! its first 1,000 hits are counted, as they are shown.
use super::{
    facets, hits,
    query::{Among, CatalogQuery, Narrow, all_labelled},
    tally::Tally,
    view::{CatalogFacets, FacetValue},
};
use crate::{error::Result, state::State};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, Order, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use tamis_entities::{catalog_entry, value::Slug};
use uuid::Uuid;

/// Combinations of facets and licence that are counted.
const MOST_GROUPS: u64 = 20_000;
/// Namespaces that are listed.
pub const MOST_NAMESPACES: u64 = 50;

#[derive(FromQueryResult)]
struct Group {
    facets: Option<String>,
    licence: Option<String>,
    count: i64,
}

#[derive(FromQueryResult)]
struct Hit {
    facets: Option<String>,
    licence: Option<String>,
    namespace_id: Uuid,
    namespace: Slug,
}

#[derive(FromQueryResult)]
struct InNamespace {
    namespace: Slug,
    count: i64,
}

pub async fn facets(state: &State, query: &CatalogQuery) -> Result<CatalogFacets> {
    let narrow = Narrow::of(state, query).await?;
    let mut tally = Tally::new(&narrow);
    let capped = match query.words() {
        Some(q) => count_hits(state, query, q, &narrow, &mut tally).await?,
        None => count_all(state, query, &narrow, &mut tally).await?,
    };
    let all = catalog_entry::Entity::find().count(&*state.db).await?;
    Ok(tally.into_view(query, all, capped))
}

async fn count_hits(
    state: &State,
    query: &CatalogQuery,
    q: &str,
    narrow: &Narrow,
    tally: &mut Tally<'_>,
) -> Result<bool> {
    use catalog_entry::Column::{Facets, FilterId, Licence, Namespace, NamespaceId};
    let hits = hits::labelled_only(state, query, q).await?;
    let capped = hits.len() as u64 >= hits::MOST;
    let rows = catalog_entry::Entity::find().select_only();
    let rows = rows.columns([Facets, Licence, NamespaceId, Namespace]).filter(FilterId.is_in(hits));
    let rows: Vec<Hit> = rows.into_model().all(&*state.db).await?;
    let sets = facets::sets(state).await?;
    for hit in rows {
        let facets = hit.facets.and_then(|id| sets.get(&id));
        let here = narrow.namespaces.as_ref().is_none_or(|ids| ids.contains(&hit.namespace_id));
        tally.add(facets, hit.licence.as_deref(), (here, Some(&hit.namespace)), 1);
    }
    Ok(capped)
}

async fn count_all(
    state: &State,
    query: &CatalogQuery,
    narrow: &Narrow,
    tally: &mut Tally<'_>,
) -> Result<bool> {
    use catalog_entry::Column::{Facets, Licence};
    let labels = all_labelled(query);
    let rows = catalog_entry::Entity::find().select_only();
    let rows = rows.columns([Facets, Licence]).expr_as(Expr::cust("count(*)"), "count");
    let rows = rows.filter(labels.clone().add_option(narrow.namespaces()));
    let rows = rows.group_by(Facets).group_by(Licence).limit(MOST_GROUPS);
    let groups: Vec<Group> = rows.into_model().all(&*state.db).await?;
    let capped = groups.len() as u64 >= MOST_GROUPS;
    let sets = facets::sets(state).await?;
    for group in groups {
        let facets = group.facets.and_then(|id| sets.get(&id));
        tally.add(facets, group.licence.as_deref(), (true, None), group.count.unsigned_abs());
    }
    let mut elsewhere = labels.add_option(narrow.licences());
    let fits = |facets: &_| narrow.has_powers(facets) && narrow.has_type(facets) && narrow.has_abi(facets);
    let fitting = Among::of(&sets, fits);
    if !fitting.is_everything() {
        elsewhere = elsewhere.add(fitting.condition(state, "+"));
    }
    for found in in_namespaces(state, elsewhere.clone()).await? {
        tally.namespaces.insert(found.namespace.to_string(), found.count.unsigned_abs());
    }
    if let Some(chosen) = narrow.namespaces() {
        for found in in_namespaces(state, elsewhere.add(chosen)).await? {
            tally.namespaces.insert(found.namespace.to_string(), found.count.unsigned_abs());
        }
    }
    Ok(capped)
}

/// Those with most filters first, and one more than are shown.
async fn in_namespaces(state: &State, within: Condition) -> Result<Vec<InNamespace>> {
    use catalog_entry::Column::Namespace;
    let rows = catalog_entry::Entity::find().select_only().column(Namespace);
    let rows = rows.expr_as(Expr::cust("count(*)"), "count").filter(within).group_by(Namespace);
    let rows = rows.order_by(Expr::cust("count(*)"), Order::Desc).order_by(Namespace, Order::Asc);
    Ok(rows.limit(MOST_NAMESPACES + 1).into_model().all(&*state.db).await?)
}

/// The values of a facet as they are shown: most common first.
pub fn by_count(mut values: Vec<FacetValue>) -> Vec<FacetValue> {
    values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    values
}
