//! Bytes of any kind in the store, named by their digest: leased while they come, put, confirmed, and
//! named by a row inside the caller's transaction. In this order a row never names bytes that the
//! store has not confirmed. Knows nothing of what the bytes mean.
use super::spool::Spooled;
use crate::{
    db::WriteTxn,
    error::{Error, Result},
    state::State,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use std::{collections::BTreeSet, time::Duration};
use tamis_blobs::{BlobError, BlobKey};
use tamis_entities::{
    module, module_lease,
    value::{ModuleState, Sha256},
};
use uuid::Uuid;

/// Longer than any transfer may take.
const LEASE: Duration = Duration::from_secs(3600);
/// Rows in one statement; SQLite takes a bounded number of parameters.
const LOCKED_AT_ONCE: usize = 500;

/// Bytes that are stored and not yet named; the collector keeps away from them.
pub struct Stored {
    pub sha256: Sha256,
    pub size: u64,
    generation: i64,
    /// This upload put the object of this generation itself.
    fresh: bool,
    /// The generation that the row named while its object was missing or damaged.
    replaces: Option<i64>,
    lease: Uuid,
}

/// Stores bytes that need no verification.
pub async fn keep(state: &State, spooled: &Spooled) -> Result<Stored> {
    let lease = take_lease(state, &spooled.sha256).await?;
    let stored = stored(state, spooled, lease).await;
    if stored.is_err() {
        end_lease(state, lease).await;
    }
    stored
}

/// Under a lease that the caller ends if this fails.
pub async fn stored(state: &State, spooled: &Spooled, lease: Uuid) -> Result<Stored> {
    let (generation, fresh, replaces) = match held(state, spooled).await? {
        Held::Whole(generation) => (generation, false, None),
        Held::Damaged(generation) => (put(state, spooled).await?, true, Some(generation)),
        Held::Nothing => (put(state, spooled).await?, true, None),
    };
    Ok(Stored { sha256: spooled.sha256.clone(), size: spooled.size, generation, fresh, replaces, lease })
}

/// What the store has of these bytes under the generation that a live row names.
enum Held {
    Nothing,
    Whole(i64),
    Damaged(i64),
}

/// Reads the stored copy again: an upload is acknowledged only for bytes that are there.
async fn held(state: &State, spooled: &Spooled) -> Result<Held> {
    let row = module::Entity::find_by_id(spooled.sha256.clone()).one(&*state.db).await?;
    let Some(row) = row.filter(|row| row.state == ModuleState::Live) else { return Ok(Held::Nothing) };
    let _turn = state.transfers.acquire().await.map_err(|e| Error::internal(e.to_string()))?;
    match super::deliver::rehash(state, &row).await {
        Ok(_) => Ok(Held::Whole(row.generation)),
        Err(error @ (BlobError::NotFound | BlobError::Corrupt { .. })) => {
            tracing::error!(module.sha256 = row.sha256.hex(), %error, "a damaged object is stored afresh");
            Ok(Held::Damaged(row.generation))
        }
        Err(error) => Err(error.into()),
    }
}

/// Stores the bytes under a generation that nobody else uses.
async fn put(state: &State, spooled: &Spooled) -> Result<i64> {
    let noise = u16::from_be_bytes(crate::clock::random::<2>()?) & 0x3ff;
    let generation = state.clock.now().0.saturating_mul(1024) + i64::from(noise);
    let _turn = state.transfers.acquire().await.map_err(|e| Error::internal(e.to_string()))?;
    let key = key(&spooled.sha256, generation)?;
    state.blobs.put_file(&key, spooled.path(), spooled.size, spooled.sha256.bytes()).await?;
    Ok(generation)
}

pub fn key(sha256: &Sha256, generation: i64) -> Result<BlobKey, BlobError> {
    BlobKey::module(sha256.hex(), generation)
}

pub async fn take_lease(state: &State, sha256: &Sha256) -> Result<Uuid> {
    let id = Uuid::now_v7();
    let txn = state.db.begin_write().await?;
    let row = module_lease::ActiveModel {
        id: Set(id),
        sha256: Set(sha256.clone()),
        until: Set(state.clock.now().plus(LEASE)),
    };
    module_lease::Entity::insert(row).exec_without_returning(&*txn).await?;
    txn.commit().await?;
    Ok(id)
}

/// A lease that is not ended lapses by itself.
pub async fn end_lease(state: &State, lease: Uuid) {
    let done = async {
        let txn = state.db.begin_write().await?;
        module_lease::Entity::delete_by_id(lease).exec(&*txn).await?;
        txn.commit().await
    };
    if let Err(error) = done.await {
        tracing::warn!(%error, "a module lease was left to lapse");
    }
}

/// What `name` found.
pub enum Named {
    Yes,
    /// The lease has lapsed, or the object that was there at `admit` has been condemned
    /// meanwhile: admit again.
    Lost,
}

impl Stored {
    pub fn lease(&self) -> Uuid {
        self.lease
    }

    /// Makes or touches the module's row and ends the lease, in the caller's transaction.
    pub async fn name(&self, state: &State, txn: &WriteTxn<'_>) -> Result<Named> {
        // The lease's row is what kept the collector away. If it is gone, this process has slept
        // through its time and the object may be gone too.
        let ended = module_lease::Entity::delete_by_id(self.lease).exec(&**txn).await?;
        if ended.rows_affected == 0 || !self.name_leased(state, txn).await? {
            return Ok(Named::Lost);
        }
        Ok(Named::Yes)
    }

    /// False: the object that this upload relied on is no longer the module's.
    async fn name_leased(&self, state: &State, txn: &WriteTxn<'_>) -> Result<bool> {
        if !self.fresh {
            return touch(state, txn, &self.sha256, Some(self.generation)).await;
        }
        if let Some(damaged) = self.replaces
            && self.replace(state, txn, damaged).await?
        {
            return Ok(true);
        }
        // A change of the row itself, so that a collector waiting for it sees a young module.
        if !touch(state, txn, &self.sha256, None).await? {
            self.insert_or_revive(state, txn).await?;
        }
        Ok(true)
    }

    /// Points the row from a damaged object to ours.
    async fn replace(&self, state: &State, txn: &WriteTxn<'_>, damaged: i64) -> Result<bool> {
        let update = module::Entity::update_many()
            .col_expr(module::Column::Generation, Expr::value(self.generation))
            .col_expr(module::Column::UsedAt, Expr::value(state.clock.now()))
            .filter(module::Column::Sha256.eq(self.sha256.clone()))
            .filter(module::Column::State.eq(ModuleState::Live))
            .filter(module::Column::Generation.eq(damaged));
        Ok(update.exec(&**txn).await?.rows_affected > 0)
    }

    async fn insert_or_revive(&self, state: &State, txn: &WriteTxn<'_>) -> Result<()> {
        let now = state.clock.now();
        let row = module::ActiveModel {
            sha256: Set(self.sha256.clone()),
            size: Set(i64::try_from(self.size).unwrap_or(i64::MAX)),
            generation: Set(self.generation),
            state: Set(ModuleState::Live),
            condemned_at: Set(None),
            created_at: Set(now),
            used_at: Set(now),
        };
        // Whoever finds a row here finds a condemned one, or one that came in this instant:
        // both may point to the object that we have just confirmed.
        let revive = OnConflict::column(module::Column::Sha256)
            .update_columns([
                module::Column::Generation,
                module::Column::State,
                module::Column::CondemnedAt,
                module::Column::UsedAt,
            ])
            .to_owned();
        module::Entity::insert(row).on_conflict(revive).exec_without_returning(&**txn).await?;
        Ok(())
    }
}

/// Locks the rows of all modules that a transaction is going to touch, lowest digest first. Releases
/// share their parts, so whoever touches more than one does this before, or two of them may wait for
/// each other in a circle.
pub async fn lock_in_order(txn: &WriteTxn<'_>, modules: impl IntoIterator<Item = Sha256>) -> Result<()> {
    let all: BTreeSet<Sha256> = modules.into_iter().collect();
    let all: Vec<Sha256> = all.into_iter().collect();
    for some in all.chunks(LOCKED_AT_ONCE) {
        let rows = module::Entity::find().select_only().column(module::Column::Sha256);
        let rows = rows.filter(module::Column::Sha256.is_in(some.iter().cloned()));
        let locked = rows.order_by_asc(module::Column::Sha256).lock_exclusive();
        locked.into_tuple::<Sha256>().all(&**txn).await?;
    }
    Ok(())
}

/// Marks a live module as used now; false when there is none (of that generation).
pub async fn touch(
    state: &State,
    txn: &WriteTxn<'_>,
    sha256: &Sha256,
    generation: Option<i64>,
) -> Result<bool> {
    let mut update = module::Entity::update_many()
        .col_expr(module::Column::UsedAt, Expr::value(state.clock.now()))
        .filter(module::Column::Sha256.eq(sha256.clone()))
        .filter(module::Column::State.eq(ModuleState::Live));
    if let Some(generation) = generation {
        update = update.filter(module::Column::Generation.eq(generation));
    }
    Ok(update.exec(&**txn).await?.rows_affected > 0)
}
