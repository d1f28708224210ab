//! Collecting modules that nobody names: look for what has no release, no lease and is older than
//! the grace; condemn it in a short transaction that asks again; delete the object of exactly that
//! generation; then the row. A digest uploaded again meanwhile has another generation, so nothing
//! here can touch it, however late it runs.
use super::{spool, store};
use crate::{error::Result, fail_here, jobs::lease, state::State};
use futures_util::StreamExt;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{DynIden, Expr, IntoIden, LockBehavior, LockType},
};
use serde::Serialize;
use std::{collections::HashSet, time::Duration};
use tamis_blobs::BlobKey;
use tamis_entities::{
    module, module_lease, registry_blob, registry_part, release,
    value::{ModuleState, Sha256, Timestamp},
};

const BATCH: u64 = 100;
/// Objects that are looked up at once.
const PAGE: usize = 500;
/// Longer than any transfer may take.
const TRANSFER: Duration = Duration::from_secs(3600);
/// While somebody holds the lease of this name nothing is condemned: a backup is being made.
pub const PAUSED: &str = "gc-paused";

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
    // What an earlier run did not get to the end of comes first.
    let mut collected = Collected { modules: collect_condemned(state).await?, orphans: 0 };
    let mut after = None;
    loop {
        let found = candidates(state, before, after.as_ref()).await?;
        let Some(last) = found.last().cloned() else { break };
        let digests: Vec<Sha256> = found.into_iter().map(|(_, sha256)| sha256).collect();
        if !condemn(state, before, &digests).await? {
            break;
        }
        fail_here!("gc.after-condemn");
        collected.modules += collect_condemned(state).await?;
        after = Some(last);
    }
    collected.orphans = collect_orphans(state, grace).await?;
    // What transfers that were cut off left behind, when none of them can still be going on.
    let idle = grace.max(TRANSFER);
    state.blobs.sweep(state.clock.now().minus(idle).0).await?;
    spool::sweep(&state.store.spool(), idle)?;
    Ok(collected)
}

/// A lease counts as long as its row is there, whatever the clocks say: an upload names its
/// module only while it can still end its own lease.
async fn forget_lapsed_leases(state: &State) -> Result<()> {
    let txn = state.db.begin_write().await?;
    module_lease::Entity::delete_many()
        .filter(module_lease::Column::Until.lt(state.clock.now()))
        .exec(&*txn)
        .await?;
    txn.commit().await
}

/// Live, older than the grace, in no release or repository, on no way into one, and leased by nobody.
fn unused(before: Timestamp) -> Condition {
    let of_module =
        |column: (DynIden, DynIden)| Expr::col(column).equals((module::Entity, module::Column::Sha256));
    let released = release::Entity::find()
        .select_only()
        .column(release::Column::Id)
        .filter(of_module((release::Entity.into_iden(), release::Column::Sha256.into_iden())))
        .into_query();
    let leased = module_lease::Entity::find()
        .select_only()
        .column(module_lease::Column::Id)
        .filter(of_module((module_lease::Entity.into_iden(), module_lease::Column::Sha256.into_iden())))
        .into_query();
    let in_repository = registry_blob::Entity::find()
        .select_only()
        .column(registry_blob::Column::Digest)
        .filter(of_module((registry_blob::Entity.into_iden(), registry_blob::Column::Sha256.into_iden())))
        .into_query();
    let on_its_way = registry_part::Entity::find()
        .select_only()
        .column(registry_part::Column::Start)
        .filter(of_module((registry_part::Entity.into_iden(), registry_part::Column::Sha256.into_iden())))
        .into_query();
    Condition::all()
        .add(module::Column::State.eq(ModuleState::Live))
        .add(module::Column::UsedAt.lt(before))
        .add(Expr::exists(released).not())
        .add(Expr::exists(in_repository).not())
        .add(Expr::exists(on_its_way).not())
        .add(Expr::exists(leased).not())
}

/// Where a walk through the modules has come to: the oldest first.
type Place = (Timestamp, Sha256);

/// The next that may go, in the order of an index. Asked outside of any transaction: whoever waits to
/// write does not wait for this.
async fn candidates(state: &State, before: Timestamp, after: Option<&Place>) -> Result<Vec<Place>> {
    use module::Column::{Sha256, UsedAt};
    let later = |(used, sha256): &Place| {
        let same = Condition::all().add(UsedAt.eq(*used)).add(Sha256.gt(sha256.clone()));
        // The first half says where in the index to begin.
        Condition::all().add(UsedAt.gte(*used)).add(Condition::any().add(UsedAt.gt(*used)).add(same))
    };
    let found = module::Entity::find()
        .select_only()
        .columns([UsedAt, Sha256])
        .filter(unused(before))
        .filter(Condition::all().add_option(after.map(later)))
        .order_by_asc(UsedAt)
        .order_by_asc(Sha256)
        .limit(BATCH);
    Ok(found.into_tuple().all(&*state.db).await?)
}

/// First locks what may go, then asks again, in a statement of its own that sees all that was
/// committed before the lock: no upload or clone of one of these can be half-way any more. False
/// while a backup is being made.
async fn condemn(state: &State, before: Timestamp, found: &[Sha256]) -> Result<bool> {
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    if lease::is_held(&*txn, PAUSED, now).await? {
        return Ok(false);
    }
    let locked: Vec<Sha256> = module::Entity::find()
        .select_only()
        .column(module::Column::Sha256)
        .filter(module::Column::Sha256.is_in(found.iter().cloned()))
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .into_tuple()
        .all(&*txn)
        .await?;
    module::Entity::update_many()
        .col_expr(module::Column::State, Expr::value(ModuleState::Condemned))
        .col_expr(module::Column::CondemnedAt, Expr::value(now))
        .filter(module::Column::Sha256.is_in(locked))
        .filter(unused(before))
        .exec(&*txn)
        .await?;
    txn.commit().await?;
    Ok(true)
}

/// Removes all that is condemned; how many that were.
async fn collect_condemned(state: &State) -> Result<u64> {
    let mut removed = 0;
    loop {
        let condemned = module::Entity::find()
            .filter(module::Column::State.eq(ModuleState::Condemned))
            .limit(BATCH)
            .all(&*state.db)
            .await?;
        if condemned.is_empty() {
            return Ok(removed);
        }
        for row in condemned {
            collect(state, &row).await?;
            removed += 1;
        }
    }
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
    // The store's clock is not ours: an hour of doubt on top of the grace unless tests set none.
    let doubt = if grace.is_zero() { Duration::ZERO } else { Duration::from_secs(3600) };
    let (mut page, mut removed) = (Vec::with_capacity(PAGE), 0);
    while let Some(object) = objects.next().await {
        let object = object?;
        let Some(key) = object.key else { continue };
        if Timestamp(object.modified_us) > state.clock.now().minus(grace + doubt) {
            continue;
        }
        let Ok(sha256) = key.sha256().parse::<Sha256>() else { continue };
        page.push((sha256, key));
        if page.len() == PAGE {
            removed += remove_unnamed(state, std::mem::take(&mut page)).await?;
        }
    }
    Ok(removed + remove_unnamed(state, page).await?)
}

/// Two questions for all of them.
async fn remove_unnamed(state: &State, objects: Vec<(Sha256, BlobKey)>) -> Result<u64> {
    let digests: HashSet<Sha256> = objects.iter().map(|(sha256, _)| sha256.clone()).collect();
    // The leases first: one was taken before its object was made, and ends in the transaction that
    // makes the row, so one of the two is seen.
    let leased = module_lease::Entity::find()
        .select_only()
        .column(module_lease::Column::Sha256)
        .filter(module_lease::Column::Sha256.is_in(digests.iter().cloned()));
    let leased: Vec<Sha256> = leased.into_tuple().all(&*state.db).await?;
    let named = module::Entity::find()
        .select_only()
        .columns([module::Column::Sha256, module::Column::Generation])
        .filter(module::Column::Sha256.is_in(digests));
    let named: Vec<(Sha256, i64)> = named.into_tuple().all(&*state.db).await?;
    let (leased, named): (HashSet<_>, HashSet<_>) =
        (leased.into_iter().collect(), named.into_iter().collect());
    let mut removed = 0;
    for (sha256, key) in objects {
        if leased.contains(&sha256) || named.contains(&(sha256, key.generation())) {
            continue;
        }
        state.blobs.delete(&key).await?;
        removed += 1;
    }
    Ok(removed)
}
