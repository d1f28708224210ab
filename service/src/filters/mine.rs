//! What a person works on: the filters that are theirs or were given to them, each with its newest upload.
use super::{
    list::insider,
    view::{FilterItem, handle_of, handles, visibility},
};
use crate::{auth::Identity, error::Result, releases::view::ReleaseItem, state::State};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Alias, Expr, Query},
};
use std::collections::HashMap;
use tamis_entities::{filter, release};

/// More are found through the catalog and the lists of the API.
const MOST: u64 = 100;

pub struct Mine {
    pub filter: FilterItem,
    pub newest: Option<ReleaseItem>,
}

/// In three queries, what changed last first.
pub async fn mine(state: &State, who: &Identity) -> Result<Vec<Mine>> {
    let rows = filter::Entity::find().filter(insider(who, state.clock.now()));
    let rows = rows.order_by_desc(filter::Column::UpdatedAt).limit(MOST).all(&*state.db).await?;
    let handles = handles(&*state.db, rows.iter().map(|f| f.namespace_id)).await?;
    let mut newest = newest(state, &rows).await?;
    let mine = |f: filter::Model| Mine {
        newest: newest.remove(&f.id).map(Into::into),
        filter: FilterItem {
            namespace: handle_of(&handles, f.namespace_id),
            visibility: visibility(&f),
            name: f.name,
            title: f.title,
            summary: f.summary,
            downloads: f.downloads,
            updated_at: f.updated_at,
        },
    };
    Ok(rows.into_iter().map(mine).collect())
}

/// Ids sort by time: the newest upload is the one after which there is none.
async fn newest(state: &State, filters: &[filter::Model]) -> Result<HashMap<uuid::Uuid, release::Model>> {
    use release::Column::{FilterId, Id};
    let later = Alias::new("later");
    let mut after = Query::select();
    after.expr(Expr::val(1)).from_as(release::Entity, later.clone());
    after.and_where(Expr::col((later.clone(), FilterId)).equals((release::Entity, FilterId)));
    after.and_where(Expr::col((later, Id)).gt(Expr::col((release::Entity, Id))));
    let rows = release::Entity::find().filter(FilterId.is_in(filters.iter().map(|f| f.id)));
    let rows = rows.filter(Expr::exists(after).not()).all(&*state.db).await?;
    Ok(rows.into_iter().map(|r| (r.filter_id, r)).collect())
}
