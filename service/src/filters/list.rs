//! `GET /api/v1/filters`: what the caller may see, keyset-paged or by search.
use super::view::{FilterItem, ShownVisibility, handle_of, handles, visibility};
use crate::{
    auth::{Caller, Identity, names},
    error::Result,
    http::page::{Cursors, Page, PageQuery},
    search::{self, Corpus},
    state::State,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, Query, SelectStatement, UnionType},
};
use serde::Deserialize;
use std::collections::HashMap;
use tamis_entities::{
    filter, grant, release,
    value::{PluginType, ReleaseState, Slug, Timestamp, Visibility},
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
    /// Most used first. Counts go on while pages are turned: one may be met twice.
    Downloads,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FilterQuery {
    /// Words of name, title, summary, labels or README; small typos are forgiven.
    #[param(max_length = 200)]
    pub q: Option<String>,
    pub namespace: Option<Slug>,
    /// The declared plugin type of any release.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub plugin_type: Option<PluginType>,
    /// The ABI version of any release, e.g. `0.2.1`.
    #[param(max_length = 20)]
    pub abi: Option<String>,
    /// As the list shows it.
    pub visibility: Option<ShownVisibility>,
    /// Ignored when there is a `q`: hits come best first.
    #[param(inline)]
    pub sort: Option<FilterSort>,
    /// Where the page before ended: its `next`.
    pub after: Option<String>,
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<u64>,
}

/// The ways in which this caller may come to see a filter: what is published, what is public,
/// what is theirs, what they were granted. Each is written so that an index answers it in
/// the order of a list; constants stand in the text because only they prove that a partial
/// index will do. A way that cannot lead to what is asked for is left out: it would be searched
/// to its end.
fn doors(caller: &Caller, now: Timestamp, shown: Option<ShownVisibility>) -> Vec<Condition> {
    let published = |visibility: Visibility| {
        Condition::all()
            .add(filter::Column::Visibility.eq(visibility))
            .add(Expr::cust("filters.published_releases > 0"))
    };
    let asked = |door: ShownVisibility| shown.is_none_or(|shown| shown == door);
    let mut doors = vec![];
    if asked(ShownVisibility::Published) {
        doors.push(published(Visibility::Private));
    }
    let Some(who) = caller.identity() else {
        doors.extend(asked(ShownVisibility::Published).then(|| published(Visibility::Public)));
        return doors;
    };
    if shown != Some(ShownVisibility::Private) {
        doors.push(Condition::all().add(Expr::cust("filters.visibility = 'public'")));
    }
    doors.extend(inner_doors(who, now));
    doors
}

/// What is theirs, and what they were granted.
fn inner_doors(who: &Identity, now: Timestamp) -> [Condition; 2] {
    let granted = grant::Entity::find()
        .select_only()
        .column(grant::Column::FilterId)
        .filter(grant::Column::SubjectId.is_in(who.namespaces()))
        .filter(
            Condition::any().add(grant::Column::ExpiresAt.is_null()).add(grant::Column::ExpiresAt.gt(now)),
        )
        .into_query();
    [
        Condition::all().add(filter::Column::NamespaceId.is_in(who.namespaces())).add_option(who.within()),
        Condition::all().add(filter::Column::Id.in_subquery(granted)).add_option(who.within()),
    ]
}

/// Rows of `filters` whose every release this person sees, however private.
pub fn insider(who: &Identity, now: Timestamp) -> Condition {
    inner_doors(who, now).into_iter().fold(Condition::any(), Condition::add)
}

/// Rows of `filters` that this caller may see.
pub fn visible(caller: &Caller, now: Timestamp) -> Condition {
    doors(caller, now, None).into_iter().fold(Condition::any(), Condition::add)
}

/// What the query asks of a filter that the caller may see.
async fn asked(state: &State, caller: &Caller, query: &FilterQuery) -> Result<Condition> {
    let mut all = Condition::all();
    if let Some(handle) = &query.namespace {
        let id = names::namespace(&*state.db, handle).await?.map_or(Uuid::nil(), |(n, _)| n.id);
        all = all.add(filter::Column::NamespaceId.eq(id));
    }
    if let Some(shown) = query.visibility {
        all = all.add(showing(shown));
    }
    if let Some(abi) = &query.abi {
        all = all.add(has_release(state, caller, release::Column::AbiVersion.eq(abi.as_str())).await?);
    }
    if let Some(plugin_type) = query.plugin_type {
        all = all.add(has_release(state, caller, release::Column::PluginType.eq(plugin_type)).await?);
    }
    Ok(all)
}

/// The filters that `view::visibility` shows so.
fn showing(shown: ShownVisibility) -> Condition {
    let stored = match shown {
        ShownVisibility::Published => {
            return Condition::all().add(Expr::cust("filters.published_releases > 0"));
        }
        ShownVisibility::Public => Visibility::Public,
        ShownVisibility::Private => Visibility::Private,
    };
    // `+` keeps both databases from walking through everybody's filters of the kind, by the index on this
    // column, instead of through the few behind a door.
    Condition::all()
        .add(filter::Column::Visibility.eq(stored))
        .add(Expr::cust("+filters.published_releases = 0"))
}

/// Filters with such a release. What few have is looked up first; what many have is met soon
/// enough on the way through the list.
async fn has_release(state: &State, caller: &Caller, such: Expr) -> Result<Condition> {
    let with = release::Entity::find().select_only().column(release::Column::FilterId).filter(such);
    let here =
        Expr::col((release::Entity, release::Column::FilterId)).equals((filter::Entity, filter::Column::Id));
    let readable = Expr::exists(with.clone().filter(here).filter(readable(caller)).into_query());
    let all = Condition::all().add(readable);
    let with = with.into_query();
    Ok(match state.db.is_few(&with).await? {
        true => all.add(filter::Column::Id.in_subquery(with)),
        false => all,
    })
}

/// Facets of releases count only releases that everyone who sees the filter may see: for
/// outsiders a draft's facts must not answer.
fn readable(caller: &Caller) -> Condition {
    let published = Condition::any().add(release::Column::State.eq(ReleaseState::Published));
    match caller.identity() {
        None => published,
        Some(who) => {
            let own = Condition::all().add(filter::Column::NamespaceId.is_in(who.namespaces()));
            published.add(own.add_option(who.within())).add(filter::Column::Visibility.eq(Visibility::Public))
        }
    }
}

pub async fn list(state: &State, caller: &Caller, query: &FilterQuery) -> Result<Page<FilterItem>> {
    let page = PageQuery { after: query.after.clone(), limit: query.limit };
    let limit = page.limit()?;
    let context =
        format!("filters|{}|{:?}", caller.key(), FilterQuery { after: None, limit: None, ..clone(query) });
    let cursors = Cursors { key: &state.secret, context };
    let asked = asked(state, caller, query).await?;
    let now = state.clock.now();
    match query.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        Some(q) => {
            let within = asked.add(visible(caller, now));
            let hits = search::find(&*state.db, Corpus::Filters, q, Some(within), MOST_HITS).await?;
            search_page(state, hits, &page, &cursors, limit).await
        }
        None => {
            let doors = match query.namespace {
                // One namespace is small, and has an index of its own.
                Some(_) => vec![asked.add(visible(caller, now))],
                None => {
                    let doors = doors(caller, now, query.visibility);
                    doors.into_iter().map(|door| asked.clone().add(door)).collect()
                }
            };
            keyset_page(state, doors, query.sort.unwrap_or_default(), &page, &cursors, limit).await
        }
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

/// The first of each door, then the first of those: no door makes the others read more.
async fn keyset_page(
    state: &State,
    doors: Vec<Condition>,
    sort: FilterSort,
    page: &PageQuery,
    cursors: &Cursors<'_>,
    limit: u64,
) -> Result<Page<FilterItem>> {
    let after = after(sort, page, cursors)?;
    let mut ids: Option<SelectStatement> = None;
    for door in doors {
        let first = filter::Entity::find().select_only().column(filter::Column::Id);
        let first = in_order(first.filter(door).filter(after.clone()), sort).limit(limit + 1).into_query();
        // A member of a union has its own order and limit only as a subquery.
        let wrapped = Query::select().column(filter::Column::Id).from_subquery(first, "door").to_owned();
        match &mut ids {
            None => ids = Some(wrapped),
            Some(ids) => {
                ids.union(UnionType::All, wrapped);
            }
        }
    }
    // Nothing of what is asked for is open to this caller.
    let Some(ids) = ids else { return Ok(Page { items: vec![], next: None }) };
    let rows = filter::Entity::find().filter(filter::Column::Id.in_subquery(ids));
    let mut rows = in_order(rows, sort).limit(limit + 1).all(&*state.db).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = match (more, rows.last()) {
        (true, Some(last)) if sort == FilterSort::Name => Some(cursors.seal(&(&last.name, last.id))?),
        (true, Some(last)) if sort == FilterSort::Downloads => {
            Some(cursors.seal(&(last.downloads, last.id))?)
        }
        (true, Some(last)) => Some(cursors.seal(&(last.updated_at.0, last.id))?),
        _ => None,
    };
    Ok(Page { items: items(state, rows).await?, next })
}

fn in_order(rows: Select<filter::Entity>, sort: FilterSort) -> Select<filter::Entity> {
    match sort {
        FilterSort::Name => rows.order_by_asc(filter::Column::Name).order_by_asc(filter::Column::Id),
        FilterSort::Updated => {
            rows.order_by_desc(filter::Column::UpdatedAt).order_by_desc(filter::Column::Id)
        }
        FilterSort::Downloads => {
            rows.order_by_desc(filter::Column::Downloads).order_by_desc(filter::Column::Id)
        }
    }
}

/// What comes after the cursor. The plain bound is for the index, the exact one for ties.
fn after(sort: FilterSort, page: &PageQuery, cursors: &Cursors<'_>) -> Result<Condition> {
    use filter::Column::{Downloads, Id, Name, UpdatedAt};
    let most_first = match sort {
        FilterSort::Name => {
            let Some((name, id)) = cursors.open::<(String, Uuid)>(page.after.as_deref())? else {
                return Ok(Condition::all());
            };
            let same = Condition::all().add(Name.eq(name.as_str())).add(Id.gt(id));
            let beyond = Condition::any().add(Name.gt(name.as_str())).add(same);
            return Ok(Condition::all().add(Name.gte(name)).add(beyond));
        }
        FilterSort::Updated => UpdatedAt,
        FilterSort::Downloads => Downloads,
    };
    let Some((at, id)) = cursors.open::<(i64, Uuid)>(page.after.as_deref())? else {
        return Ok(Condition::all());
    };
    let same = Condition::all().add(most_first.eq(at)).add(Id.lt(id));
    let beyond = Condition::any().add(most_first.lt(at)).add(same);
    Ok(Condition::all().add(most_first.lte(at)).add(beyond))
}

async fn items(state: &State, rows: Vec<filter::Model>) -> Result<Vec<FilterItem>> {
    let handles = handles(&*state.db, rows.iter().map(|f| f.namespace_id)).await?;
    let item = |f: filter::Model| FilterItem {
        namespace: handle_of(&handles, f.namespace_id),
        visibility: visibility(&f),
        name: f.name,
        title: f.title,
        summary: f.summary,
        downloads: f.downloads,
        updated_at: f.updated_at,
    };
    Ok(rows.into_iter().map(item).collect())
}
