//! What to use instead of bytes that were stopped: of a filter the release that was published last and whose bytes
//! nobody has stopped. Reads only.
use crate::error::Result;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Alias, Expr, Query, SelectStatement},
};
use std::collections::HashMap;
use tamis_entities::{
    release,
    value::{ReleaseState, Sha256, Version},
};
use uuid::Uuid;

/// Publications that are looked through, the newest first: of many filters at once, and each has few.
const MOST: u64 = 400;

/// By filter; one that has nothing else is not in it.
pub async fn of<C: ConnectionTrait>(
    db: &C,
    filters: impl IntoIterator<Item = Uuid>,
    sha256: &Sha256,
) -> Result<HashMap<Uuid, Version>> {
    use release::Column;
    let good = release::Entity::find()
        .select_only()
        .columns([Column::FilterId, Column::Version])
        .filter(Column::FilterId.is_in(filters))
        .filter(Column::State.eq(ReleaseState::Published))
        .filter(Column::Sha256.ne(sha256.clone()))
        .filter(Expr::exists(stopped_elsewhere()).not())
        .order_by_desc(Column::PublishedAt)
        .order_by_desc(Column::Id)
        .limit(MOST);
    let mut newest = HashMap::new();
    for (filter, version) in good.into_tuple::<(Uuid, Version)>().all(db).await? {
        newest.entry(filter).or_insert(version);
    }
    Ok(newest)
}

/// A release of the same bytes that was quarantined, be it of another filter.
fn stopped_elsewhere() -> SelectStatement {
    use release::Column::{Sha256, State};
    let stopped = Alias::new("stopped");
    let mut such = Query::select();
    such.expr(Expr::val(1)).from_as(release::Entity, stopped.clone());
    such.and_where(Expr::col((stopped.clone(), Sha256)).equals((release::Entity, Sha256)));
    such.and_where(Expr::col((stopped, State)).eq(ReleaseState::Quarantined));
    such
}
