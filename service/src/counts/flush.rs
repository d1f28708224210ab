//! Writing what was counted: one short transaction for each batch, which every replica may do
//! at any time. What could not be written is kept and tried again.
use super::{Key, Of, SHOWN};
use crate::{
    db::{self, WriteTxn},
    error::Result,
    state::State,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{CaseStatement, Expr, OnConflict},
};
use std::collections::{BTreeMap, HashMap};
use tamis_entities::{
    catalog_entry, filter, release, release_count,
    value::{CountKind, Day, ReleaseState, Sha256},
};
use uuid::Uuid;

/// Rows of one transaction.
const BATCH: usize = 500;

/// In the order in which they are written, the same for everybody.
type Rows = BTreeMap<(Uuid, Day, CountKind), i64>;

pub async fn flush(state: &State) -> Result<()> {
    let mut pending = state.counts.take();
    while !pending.is_empty() {
        let rest = pending.split_off(pending.len().min(BATCH));
        if let Err(error) = write(state, &pending).await {
            for (key, count) in pending.into_iter().chain(rest) {
                state.counts.put(key, count);
            }
            return Err(error);
        }
        pending = rest;
    }
    Ok(())
}

async fn write(state: &State, counted: &[(Key, i64)]) -> Result<()> {
    let rows = named(state, counted).await?;
    if rows.is_empty() {
        return Ok(());
    }
    db::retrying(|| write_rows(state, &rows)).await
}

/// The releases that digests were counted for: the one that was published first.
async fn named(state: &State, counted: &[(Key, i64)]) -> Result<Rows> {
    let digests = counted.iter().filter_map(|(key, _)| match key.of {
        Of::Digest(bytes) => Some(Sha256::from_bytes(bytes)),
        Of::Release(_) => None,
    });
    let digests: Vec<_> = digests.collect();
    let mut first: HashMap<Sha256, Uuid> = HashMap::new();
    if !digests.is_empty() {
        let public = release::Entity::find()
            .select_only()
            .columns([release::Column::Sha256, release::Column::Id])
            .filter(release::Column::Sha256.is_in(digests))
            .filter(release::Column::State.is_in([ReleaseState::Published, ReleaseState::Yanked]))
            .order_by_asc(release::Column::PublishedAt)
            .order_by_asc(release::Column::Id);
        for (sha256, id) in public.into_tuple::<(Sha256, Uuid)>().all(&*state.db).await? {
            first.entry(sha256).or_insert(id);
        }
    }
    let mut rows = Rows::new();
    for (key, count) in counted {
        let id = match key.of {
            Of::Release(id) => Some(id),
            Of::Digest(bytes) => first.get(&Sha256::from_bytes(bytes)).copied(),
        };
        if let Some(id) = id {
            *rows.entry((id, key.day, key.kind)).or_default() += count;
        }
    }
    Ok(rows)
}

/// Which filter each of these releases is of; those that were deleted are left out.
async fn filters_of(txn: &WriteTxn<'_>, rows: &Rows) -> Result<HashMap<Uuid, Uuid>> {
    let found = release::Entity::find()
        .select_only()
        .columns([release::Column::Id, release::Column::FilterId])
        .filter(release::Column::Id.is_in(rows.keys().map(|(id, ..)| *id)));
    Ok(found.into_tuple::<(Uuid, Uuid)>().all(&**txn).await?.into_iter().collect())
}

async fn write_rows(state: &State, rows: &Rows) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let filters = filters_of(&txn, rows).await?.into_values();
    // In one order, and before anything else: who deletes a release holds its filter.
    let mut hold = filter::Entity::find()
        .select_only()
        .column(filter::Column::Id)
        .filter(filter::Column::Id.is_in(filters))
        .order_by_asc(filter::Column::Id);
    if !state.db.is_sqlite() {
        hold = hold.lock_exclusive();
    }
    hold.into_tuple::<Uuid>().all(&*txn).await?;
    let home = filters_of(&txn, rows).await?;
    let there: Vec<_> = rows.iter().filter(|((id, ..), _)| home.contains_key(id)).collect();
    if there.is_empty() {
        return Ok(());
    }
    let mut totals: BTreeMap<Uuid, i64> = BTreeMap::new();
    for ((id, _, kind), count) in &there {
        if SHOWN.contains(kind)
            && let Some(filter) = home.get(id)
        {
            *totals.entry(*filter).or_default() += **count;
        }
    }
    let models = there.into_iter().map(|((id, day, kind), count)| release_count::ActiveModel {
        release_id: Set(*id),
        day: Set(*day),
        kind: Set(*kind),
        count: Set(*count),
    });
    use release_count::Column::{Count, Day, Kind, ReleaseId};
    let sum = Expr::col((release_count::Entity, Count)).add(Expr::cust("excluded.count"));
    let more = OnConflict::columns([ReleaseId, Day, Kind]).value(Count, sum).to_owned();
    release_count::Entity::insert_many(models).on_conflict(more).exec_without_returning(&*txn).await?;
    add_up(&txn, totals).await?;
    txn.commit().await
}

/// Brings the totals along, which lists are sorted by.
async fn add_up(txn: &WriteTxn<'_>, totals: BTreeMap<Uuid, i64>) -> Result<()> {
    if totals.is_empty() {
        return Ok(());
    }
    let mut more = CaseStatement::new();
    for (id, count) in &totals {
        more = more.case(filter::Column::Id.eq(*id), Expr::val(*count));
    }
    let ids: Vec<_> = totals.into_keys().collect();
    let total = Expr::col(filter::Column::Downloads).add(more.finally(0));
    filter::Entity::update_many()
        .col_expr(filter::Column::Downloads, total)
        .filter(filter::Column::Id.is_in(ids.iter().copied()))
        .exec(&**txn)
        .await?;
    show(txn, ids).await
}

/// Says in the catalog what the filters' rows say.
async fn show(txn: &WriteTxn<'_>, ids: Vec<Uuid>) -> Result<()> {
    let of = Expr::col((filter::Entity, filter::Column::Id));
    let total = filter::Entity::find()
        .select_only()
        .column(filter::Column::Downloads)
        .filter(of.equals((catalog_entry::Entity, catalog_entry::Column::FilterId)))
        .into_query();
    let total = Expr::SubQuery(None, Box::new(total.into()));
    catalog_entry::Entity::update_many()
        .col_expr(catalog_entry::Column::Downloads, total)
        .filter(catalog_entry::Column::FilterId.is_in(ids))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// Takes what a release counted out of its filter's total, before the release goes.
pub async fn take_out(txn: &WriteTxn<'_>, release: &release::Model) -> Result<()> {
    let counted = release_count::Entity::find()
        .select_only()
        .expr(super::sum())
        .filter(release_count::Column::ReleaseId.eq(release.id))
        .filter(release_count::Column::Kind.is_in(SHOWN));
    let counted = counted.into_tuple::<Option<i64>>().one(&**txn).await?.flatten().unwrap_or(0);
    if counted == 0 {
        return Ok(());
    }
    filter::Entity::update_many()
        .col_expr(filter::Column::Downloads, Expr::col(filter::Column::Downloads).sub(counted))
        .filter(filter::Column::Id.eq(release.filter_id))
        .exec(&**txn)
        .await?;
    show(txn, vec![release.filter_id]).await
}
