//! What filters of the catalog have in common: found out when a filter is published, kept once for
//! each combination, and counted by `count`. Knows nothing of queries.
use crate::{db::WriteTxn, error::Result, modules::store, state::State};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait, Statement,
    sea_query::{Expr, OnConflict},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tamis_entities::{
    catalog_entry, catalog_facets,
    value::{Facets, PluginType},
};
use tamis_verification::Report;

/// The step of a transaction's end in which combinations are written: after the words of search.
const KEEP: u8 = 2;
/// Entries that are looked at together when older ones are filled in.
const BATCH: u64 = 100;

pub fn of(plugin_type: Option<PluginType>, abi_version: Option<&str>, report: Option<&Report>) -> Facets {
    let hosts = report.iter().flat_map(|r| &r.hosts).filter(|host| host.loads);
    let capabilities = report.iter().flat_map(|r| &r.capabilities);
    Facets {
        plugin_type,
        abi_version: abi_version.map(str::to_owned),
        capabilities: capabilities.map(|c| c.id.clone()).collect(),
        hosts: hosts.map(|host| host.generation()).collect(),
    }
}

/// Keeps the combination if it is a new one, at the end of the transaction; its name.
pub fn keep(txn: &WriteTxn<'_>, facets: &Facets) -> Result<String> {
    let text = serde_json::to_string(facets)?;
    txn.gather(KEEP, insert, [text.as_str()]);
    Ok(Facets::id(&text))
}

fn insert(backend: DbBackend, texts: &[&str]) -> Statement {
    let rows = texts.iter().filter_map(|text| {
        let facets = serde_json::from_str(text).ok()?;
        Some(catalog_facets::ActiveModel { id: Set(Facets::id(text)), facets: Set(facets) })
    });
    let known = OnConflict::column(catalog_facets::Column::Id).do_nothing().to_owned();
    catalog_facets::Entity::insert_many(rows).on_conflict(known).build(backend)
}

pub type Sets = HashMap<String, Facets>;

/// The combinations as they were read last. A row never changes and stays for ever; how many there are is asked each
/// time.
#[derive(Default)]
pub struct Known(Mutex<Arc<Sets>>);

/// All combinations that there are, by name.
pub async fn sets(state: &State) -> Result<Arc<Sets>> {
    let rows = catalog_facets::Entity::find();
    let last = state.facets.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if rows.clone().count(&*state.db).await? == last.len() as u64 {
        return Ok(last);
    }
    let rows = rows.all(&*state.db).await?;
    let now: Arc<Sets> = Arc::new(rows.into_iter().map(|row| (row.id, row.facets)).collect());
    *state.facets.0.lock().unwrap_or_else(PoisonError::into_inner) = now.clone();
    Ok(now)
}

/// Entries from before there were facets.
pub async fn fill(state: &State) -> Result<()> {
    loop {
        let missing = catalog_entry::Entity::find().filter(catalog_entry::Column::Facets.is_null());
        let some = missing.limit(BATCH).all(&*state.db).await?;
        if some.is_empty() {
            return Ok(());
        }
        for entry in some {
            let report = store::last_report(&*state.db, &entry.sha256, entry.plugin_type).await?;
            let facets = of(entry.plugin_type, entry.abi_version.as_deref(), report.as_ref());
            let txn = state.db.begin_write().await?;
            let name = keep(&txn, &facets)?;
            catalog_entry::Entity::update_many()
                .col_expr(catalog_entry::Column::Facets, Expr::value(name))
                .filter(catalog_entry::Column::FilterId.eq(entry.filter_id))
                .filter(catalog_entry::Column::ReleaseId.eq(entry.release_id))
                .filter(catalog_entry::Column::Facets.is_null())
                .exec(&*txn)
                .await?;
            txn.commit().await?;
        }
    }
}
