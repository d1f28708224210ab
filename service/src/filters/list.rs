//! `GET /api/v1/filters`: what the caller may see, keyset-paged or by search.
use super::view::{FilterItem, handle_of, handles, visibility};
use crate::{
    app::State,
    auth::{Caller, access::find_namespace},
    error::Result,
    http::page::{Cursors, Page, PageQuery},
    search::{self, Corpus},
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use serde::Deserialize;
use std::collections::HashMap;
use tamis_entities::{
    filter, grant, release,
    value::{PluginType, Slug, Timestamp, Visibility},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Most hits of a search; beyond, a better word helps more than another page.
const MOST_HITS: u64 = 1000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FilterSort {
    #[default]
    Name,
    Updated,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FilterQuery {
    /// Words of name, title, summary, labels or README; small typos are forgiven.
    #[param(max_length = 200)]
    pub q: Option<String>,
    #[param(value_type = Option<String>)]
    pub namespace: Option<Slug>,
    /// The declared plugin type of any release.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub plugin_type: Option<PluginType>,
    /// The ABI version of any release, e.g. `0.2.1`.
    #[param(max_length = 20)]
    pub abi: Option<String>,
    pub visibility: Option<Visibility>,
    /// Ignored when there is a `q`: hits come best first.
    pub sort: Option<FilterSort>,
    /// Where the page before ended: its `next`.
    pub after: Option<String>,
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u64>,
}

/// Rows of `filters` that this caller may see.
pub fn visible(caller: &Caller, now: Timestamp) -> Condition {
    let mut any = Condition::any().add(filter::Column::PublishedReleases.gt(0));
    let Some(who) = caller.identity() else { return any };
    any = any.add(filter::Column::Visibility.eq(Visibility::Public));
    any = any.add(filter::Column::NamespaceId.is_in(who.namespaces()));
    let granted = grant::Entity::find()
        .select_only()
        .column(grant::Column::FilterId)
        .filter(grant::Column::SubjectId.is_in(who.namespaces()))
        .filter(
            Condition::any().add(grant::Column::ExpiresAt.is_null()).add(grant::Column::ExpiresAt.gt(now)),
        )
        .into_query();
    any.add(filter::Column::Id.in_subquery(granted))
}

async fn conditions(state: &State, caller: &Caller, query: &FilterQuery) -> Result<Condition> {
    let mut all = Condition::all().add(visible(caller, state.clock.now()));
    if let Some(handle) = &query.namespace {
        let id = find_namespace(&*state.db, handle).await?.map_or(Uuid::nil(), |n| n.id);
        all = all.add(filter::Column::NamespaceId.eq(id));
    }
    if let Some(visibility) = query.visibility {
        all = all.add(filter::Column::Visibility.eq(visibility));
    }
    // Facets of releases count only releases that everyone who sees the filter may see.
    if let Some(abi) = &query.abi {
        let with = release::Entity::find().select_only().column(release::Column::FilterId);
        let with =
            with.filter(release::Column::AbiVersion.eq(abi.as_str())).filter(readable(caller)).into_query();
        all = all.add(filter::Column::Id.in_subquery(with));
    }
    if let Some(plugin_type) = query.plugin_type {
        let with = release::Entity::find().select_only().column(release::Column::FilterId);
        let with =
            with.filter(release::Column::PluginType.eq(plugin_type)).filter(readable(caller)).into_query();
        all = all.add(filter::Column::Id.in_subquery(with));
    }
    Ok(all)
}

/// For outsiders a draft's facts must not answer a facet.
fn readable(caller: &Caller) -> Condition {
    use tamis_entities::value::ReleaseState::*;
    match caller.identity() {
        None => Condition::all().add(release::Column::State.eq(Published)),
        Some(who) => {
            let own = filter::Entity::find()
                .select_only()
                .column(filter::Column::Id)
                .filter(
                    Condition::any()
                        .add(filter::Column::NamespaceId.is_in(who.namespaces()))
                        .add(filter::Column::Visibility.eq(Visibility::Public)),
                )
                .into_query();
            Condition::any()
                .add(release::Column::State.eq(Published))
                .add(release::Column::FilterId.in_subquery(own))
        }
    }
}

pub async fn list(state: &State, caller: &Caller, query: &FilterQuery) -> Result<Page<FilterItem>> {
    let page = PageQuery { after: query.after.clone(), limit: query.limit };
    let limit = page.limit()?;
    let context =
        format!("filters|{}|{:?}", caller.key(), FilterQuery { after: None, limit: None, ..clone(query) });
    let cursors = Cursors { key: &state.secret, context };
    let within = conditions(state, caller, query).await?;
    match query.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        Some(q) => {
            let hits = search::find(&*state.db, Corpus::Filters, q, Some(within), MOST_HITS).await?;
            search_page(state, hits, &page, &cursors, limit).await
        }
        None => keyset_page(state, within, query.sort.unwrap_or_default(), &page, &cursors, limit).await,
    }
}

fn clone(query: &FilterQuery) -> FilterQuery {
    FilterQuery {
        q: query.q.clone(),
        namespace: query.namespace.clone(),
        plugin_type: query.plugin_type,
        abi: query.abi.clone(),
        visibility: query.visibility,
        sort: query.sort,
        after: None,
        limit: None,
    }
}

async fn search_page(
    state: &State,
    hits: Vec<Uuid>,
    page: &PageQuery,
    cursors: &Cursors<'_>,
    limit: u64,
) -> Result<Page<FilterItem>> {
    let from: usize = cursors.open(page.after.as_deref())?.unwrap_or(0);
    let until = from.saturating_add(usize::try_from(limit).unwrap_or(usize::MAX)).min(hits.len());
    let ids = hits.get(from..until).unwrap_or_default();
    let rows =
        filter::Entity::find().filter(filter::Column::Id.is_in(ids.iter().copied())).all(&*state.db).await?;
    let mut by_id: HashMap<_, _> = rows.into_iter().map(|f| (f.id, f)).collect();
    let rows: Vec<_> = ids.iter().filter_map(|id| by_id.remove(id)).collect();
    let next = (until < hits.len()).then(|| cursors.seal(&until)).transpose()?;
    Ok(Page { items: items(state, rows).await?, next })
}

async fn keyset_page(
    state: &State,
    within: Condition,
    sort: FilterSort,
    page: &PageQuery,
    cursors: &Cursors<'_>,
    limit: u64,
) -> Result<Page<FilterItem>> {
    let mut rows = filter::Entity::find().filter(within);
    rows = match sort {
        FilterSort::Name => {
            if let Some((name, id)) = cursors.open::<(String, Uuid)>(page.after.as_deref())? {
                let same = Condition::all()
                    .add(filter::Column::Name.eq(name.as_str()))
                    .add(filter::Column::Id.gt(id));
                rows = rows.filter(filter::Column::Name.gte(name.as_str()));
                rows = rows.filter(Condition::any().add(filter::Column::Name.gt(name)).add(same));
            }
            rows.order_by(filter::Column::Name, Order::Asc).order_by(filter::Column::Id, Order::Asc)
        }
        FilterSort::Updated => {
            if let Some((at, id)) = cursors.open::<(i64, Uuid)>(page.after.as_deref())? {
                let same =
                    Condition::all().add(filter::Column::UpdatedAt.eq(at)).add(filter::Column::Id.lt(id));
                rows = rows.filter(filter::Column::UpdatedAt.lte(at));
                rows = rows.filter(Condition::any().add(filter::Column::UpdatedAt.lt(at)).add(same));
            }
            rows.order_by(filter::Column::UpdatedAt, Order::Desc).order_by(filter::Column::Id, Order::Desc)
        }
    };
    let mut rows = rows.limit(limit + 1).all(&*state.db).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = match (more, rows.last()) {
        (true, Some(last)) if sort == FilterSort::Name => Some(cursors.seal(&(&last.name, last.id))?),
        (true, Some(last)) => Some(cursors.seal(&(last.updated_at.0, last.id))?),
        _ => None,
    };
    Ok(Page { items: items(state, rows).await?, next })
}

async fn items(state: &State, rows: Vec<filter::Model>) -> Result<Vec<FilterItem>> {
    let handles = handles(&*state.db, rows.iter().map(|f| f.namespace_id)).await?;
    let item = |f: filter::Model| FilterItem {
        namespace: handle_of(&handles, f.namespace_id),
        visibility: visibility(&f),
        name: f.name,
        title: f.title,
        summary: f.summary,
        updated_at: f.updated_at,
    };
    Ok(rows.into_iter().map(item).collect())
}
