//! Lists of filters by page number, as Meshery turns pages: what somebody may see, or what is published.
use super::project::{Around, for_client, projected};
use crate::{
    auth::Caller,
    error::{Error, Result},
    filters::list::visible,
    meshery::{
        catalog,
        wire::{Asked, By, Order, Profile},
    },
    search::{self, Corpus},
    state::State,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, Order as Way, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
};
use serde_json::Value;
use std::collections::HashMap;
use tamis_entities::{catalog_entry, filter, meshery_filter, user, value::Visibility};
use uuid::Uuid;

/// Most hits of a search, as in the native list.
const MOST_HITS: u64 = 1000;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// What the caller may see.
    Visible,
    Catalog,
}

/// Of the words that were asked for, the filters that Meshery shows so.
fn shown(words: &[String]) -> Result<Option<Condition>> {
    let published = || Condition::all().add(filter::Column::PublishedReleases.gt(0));
    let only = |visibility: Visibility| {
        let stored = Condition::all().add(filter::Column::Visibility.eq(visibility));
        stored.add(filter::Column::PublishedReleases.eq(0))
    };
    let mut any = Condition::any();
    for word in words {
        any = any.add(match word.as_str() {
            "published" => published(),
            "public" => only(Visibility::Public),
            "private" => only(Visibility::Private),
            _ => return Err(Error::invalid("visibility", "`private`, `public` or `published`")),
        });
    }
    Ok((!words.is_empty()).then_some(any))
}

/// Filters of whose `catalog_data` the text has this word as a JSON text.
fn said(word: &str) -> Condition {
    let column = (meshery_filter::Entity, meshery_filter::Column::CatalogData);
    let having = meshery_filter::Entity::find()
        .select_only()
        .column(meshery_filter::Column::FilterId)
        .filter(catalog::has_word(column, word));
    Condition::all().add(filter::Column::Id.in_subquery(having.into_query()))
}

/// Filters that are shown as this person's: in their namespace, or made by them in a team's.
fn of_person(id: Uuid) -> Condition {
    let person = || {
        let users = user::Entity::find().select_only().column(user::Column::Id);
        users.filter(user::Column::MesheryId.eq(id)).into_query()
    };
    let (home, author) = (filter::Column::NamespaceId, filter::Column::CreatedBy);
    Condition::any().add(home.in_subquery(person())).add(author.in_subquery(person()))
}

fn conditions(state: &State, caller: &Caller, asked: &Asked, what: Listed) -> Result<Condition> {
    let mut all = Condition::all();
    match what {
        Listed::Visible => {
            all = all.add(visible(caller, state.clock.now()));
            all = all.add_option(shown(&asked.list(&["visibility"])?)?);
        }
        Listed::Catalog => {
            let live = catalog_entry::Entity::find().select_only().column(catalog_entry::Column::FilterId);
            all = all.add(filter::Column::Id.in_subquery(live.into_query()));
        }
    }
    for word in catalog::words(asked)? {
        all = all.add(said(&word));
    }
    Ok(all.add_option(catalog::person(asked)?.map(of_person)))
}

fn in_order(rows: Select<filter::Entity>, order: Order) -> Select<filter::Entity> {
    let column = match order.by {
        By::Name => filter::Column::Title,
        By::Created => filter::Column::CreatedAt,
        By::Updated => filter::Column::UpdatedAt,
    };
    let way = if order.falling { Way::Desc } else { Way::Asc };
    rows.order_by(column, way.clone()).order_by(filter::Column::Id, way)
}

/// The page's rows as Meshery reads them, and how many there are in all.
pub async fn page(
    state: &State,
    caller: &Caller,
    asked: &Asked,
    what: Listed,
    profile: Profile,
) -> Result<(Vec<Value>, u64)> {
    let (pages, order) = (asked.page()?, asked.order_among(catalog::COLUMNS)?);
    let within = conditions(state, caller, asked, what)?;
    let (rows, total) = match asked.search()? {
        Some(words) => {
            let hits = search::find(&*state.db, Corpus::Filters, words, Some(within), MOST_HITS).await?;
            let total = hits.len() as u64;
            let from = usize::try_from(pages.offset()).unwrap_or(usize::MAX).min(hits.len());
            let until = from.saturating_add(usize::try_from(pages.size).unwrap_or(0)).min(hits.len());
            let rows = match asked.one(&["order"]) {
                // Whoever names no order wants what fits best.
                None => by_ids(state, hits.get(from..until).unwrap_or_default()).await?,
                Some(_) => {
                    let found = filter::Entity::find().filter(filter::Column::Id.is_in(hits));
                    in_order(found, order).offset(pages.offset()).limit(pages.size).all(&*state.db).await?
                }
            };
            (rows, total)
        }
        None => {
            let all = filter::Entity::find().filter(within);
            let total = all.clone().count(&*state.db).await?;
            let rows = in_order(all, order).offset(pages.offset()).limit(pages.size);
            (rows.all(&*state.db).await?, total)
        }
    };
    let around = Around::of(state, &rows).await?;
    let shown = |filter| for_client(profile, projected(&around, filter, None));
    Ok((rows.iter().map(shown).collect(), total))
}

async fn by_ids(state: &State, ids: &[Uuid]) -> Result<Vec<filter::Model>> {
    let rows = filter::Entity::find().filter(filter::Column::Id.is_in(ids.iter().copied()));
    let mut rows: HashMap<_, _> = rows.all(&*state.db).await?.into_iter().map(|f| (f.id, f)).collect();
    Ok(ids.iter().filter_map(|id| rows.remove(id)).collect())
}
