//! Collecting modules that nobody names: condemn in one transaction what has no release, no
//! lease and is older than the grace; delete the object of exactly that generation; then
//! the row. A digest uploaded again meanwhile has another generation, so nothing here can
//! touch it, however late it runs.
use super::{spool, store};
use crate::{app::State, error::Result, fail_here, jobs::lease};
use futures_util::StreamExt;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait, sea_query::Expr};
use serde::Serialize;
use std::time::Duration;
use tamis_entities::{
    module, module_lease, release,
    value::{ModuleState, Sha256, Timestamp},
};

const BATCH: u64 = 100;

#[derive(Debug, Default, Serialize)]
pub struct Collected {
    pub modules: u64,
    /// Objects that no row named: uploads that were cut off.
    pub orphans: u64,
}

pub async fn scheduled(state: &State) -> Result<()> {
    if !lease::hold(state, "gc", Duration::from_secs(1800)).await? {
        return Ok(());
    }
    let grace = Duration::from_secs(state.serve.gc_grace_seconds);
    let done = run(state, grace).await?;
    if done.modules + done.orphans > 0 {
        tracing::info!(modules = done.modules, orphans = done.orphans, "collected");
    }
    Ok(())
}

pub async fn run(state: &State, grace: Duration) -> Result<Collected> {
    let before = state.clock.now().minus(grace);
    forget_lapsed_leases(state).await?;
    let mut collected = Collected::default();
    loop {
        condemn(state, before).await?;
        fail_here!("gc.after-condemn");
        let condemned = module::Entity::find()
            .filter(module::Column::State.eq(ModuleState::Condemned))
            .limit(BATCH)
            .all(&*state.db)
            .await?;
        if condemned.is_empty() {
            break;
        }
        for row in condemned {
            collect(state, &row).await?;
            collected.modules += 1;
        }
    }
    collected.orphans = collect_orphans(state, grace).await?;
    spool::sweep(&state.store.spool(), grace.max(Duration::from_secs(3600)))?;
    Ok(collected)
}

async fn forget_lapsed_leases(state: &State) -> Result<()> {
    let txn = state.db.begin_write().await?;
    module_lease::Entity::delete_many()
        .filter(module_lease::Column::Until.lt(state.clock.now()))
        .exec(&*txn)
        .await?;
    txn.commit().await
}

async fn condemn(state: &State, before: Timestamp) -> Result<()> {
    let now = state.clock.now();
    let referenced = release::Entity::find().select_only().column(release::Column::Sha256).into_query();
    let leased = module_lease::Entity::find()
        .select_only()
        .column(module_lease::Column::Sha256)
        .filter(module_lease::Column::Until.gt(now))
        .into_query();
    let unused = module::Entity::find()
        .select_only()
        .column(module::Column::Sha256)
        .filter(module::Column::State.eq(ModuleState::Live))
        .filter(module::Column::UsedAt.lt(before))
        .filter(module::Column::Sha256.not_in_subquery(referenced))
        .filter(module::Column::Sha256.not_in_subquery(leased))
        .limit(BATCH)
        .into_query();
    let txn = state.db.begin_write().await?;
    module::Entity::update_many()
        .col_expr(module::Column::State, Expr::value(ModuleState::Condemned))
        .col_expr(module::Column::CondemnedAt, Expr::value(now))
        .filter(module::Column::Sha256.in_subquery(unused))
        // On the row itself: PostgreSQL re-reads only the row that it had to wait for, and an
        // upload that got there first has made it young.
        .filter(module::Column::State.eq(ModuleState::Live))
        .filter(module::Column::UsedAt.lt(before))
        .exec(&*txn)
        .await?;
    txn.commit().await
}

async fn collect(state: &State, row: &module::Model) -> Result<()> {
    state.blobs.delete(&store::key(&row.sha256, row.generation)?).await?;
    fail_here!("gc.after-object");
    let txn = state.db.begin_write().await?;
    module::Entity::delete_many()
        .filter(module::Column::Sha256.eq(row.sha256.clone()))
        .filter(module::Column::State.eq(ModuleState::Condemned))
        .filter(module::Column::Generation.eq(row.generation))
        .exec(&*txn)
        .await?;
    txn.commit().await?;
    fail_here!("gc.after-row");
    Ok(())
}

/// Objects older than the grace, that no row names and no upload has leased.
async fn collect_orphans(state: &State, grace: Duration) -> Result<u64> {
    let mut objects = state.blobs.list();
    let mut removed = 0;
    while let Some(object) = objects.next().await {
        let object = object?;
        let Some(key) = object.key else { continue };
        // The store's clock is not ours: an hour of doubt on top of the grace unless tests set none.
        let doubt = if grace.is_zero() { Duration::ZERO } else { Duration::from_secs(3600) };
        if Timestamp(object.modified_us) > state.clock.now().minus(grace + doubt) {
            continue;
        }
        let Ok(sha256) = key.sha256().parse::<Sha256>() else { continue };
        let named = module::Entity::find_by_id(sha256.clone()).one(&*state.db).await?;
        if named.is_some_and(|row| row.generation == key.generation()) || is_leased(state, &sha256).await? {
            continue;
        }
        state.blobs.delete(&key).await?;
        removed += 1;
    }
    Ok(removed)
}

async fn is_leased(state: &State, sha256: &Sha256) -> Result<bool> {
    let lease = module_lease::Entity::find()
        .filter(module_lease::Column::Sha256.eq(sha256.clone()))
        .filter(module_lease::Column::Until.gt(state.clock.now()));
    Ok(lease.one(&*state.db).await?.is_some())
}
