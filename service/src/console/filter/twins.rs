//! Other releases of the same bytes, clones most of all: whoever stops these bytes stops them by their digest for all.
//! What a curator has no other way to see is counted and not named.
use crate::{auth::Identity, error::Result, filters::view::names, state::State};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use tamis_entities::{
    filter, release,
    value::{ReleaseState, Version},
};
use uuid::Uuid;

/// That are named one by one.
const MOST: u64 = 10;

pub struct Twins {
    /// Seen or not.
    pub all: u64,
    pub seen: Vec<Twin>,
}

pub struct Twin {
    pub name: String,
    pub version: Version,
    pub state: ReleaseState,
}

impl Twins {
    pub fn unnamed(&self) -> u64 {
        self.all.saturating_sub(self.seen.len() as u64)
    }
}

pub async fn of(state: &State, who: &Identity, this: &release::Model) -> Result<Twins> {
    use release::Column;
    let db = &*state.db;
    let same = || {
        release::Entity::find().filter(Column::Sha256.eq(this.sha256.clone())).filter(Column::Id.ne(this.id))
    };
    let homes = who.namespaces().into_iter().filter(|id| who.role_in(*id).is_some());
    let own = filter::Entity::find().select_only().column(filter::Column::Id);
    let own = own.filter(filter::Column::NamespaceId.is_in(homes)).into_query();
    let open = Condition::any()
        .add(Column::State.is_in([ReleaseState::Published, ReleaseState::Yanked]))
        .add(Column::FilterId.in_subquery(own));
    let seen = same()
        .select_only()
        .columns([Column::FilterId, Column::Version, Column::State])
        .filter(open)
        .order_by_desc(Column::CreatedAt)
        .limit(MOST);
    let seen: Vec<(Uuid, Version, ReleaseState)> = seen.into_tuple().all(db).await?;
    let names = names(db, seen.iter().map(|(filter, ..)| *filter)).await?;
    let twin = |(filter, version, state)| Some(Twin { name: names.get(&filter)?.clone(), version, state });
    Ok(Twins { all: same().count(db).await?, seen: seen.into_iter().filter_map(twin).collect() })
}
