//! From a spooled file to a named module. `admit` leases the digest, verifies and stores;
//! `Admitted::name` makes the row inside the caller's transaction. In this order a row
//! never names bytes that the store has not confirmed.
use super::spool::Spooled;
use crate::{
    db::WriteTxn,
    error::{Error, Result},
    fail_here,
    state::State,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use std::{
    collections::{HashMap, HashSet},
    path::Path,
    time::Duration,
};
use tamis_blobs::{BlobError, BlobKey};
use tamis_entities::{
    module, module_lease, report,
    value::{ModuleState, PluginType, Sha256, Verdict},
};
use tamis_verification::{Declared, Report, VERIFIER};
use uuid::Uuid;

/// Longer than any transfer may take.
const LEASE: Duration = Duration::from_secs(3600);

/// Bytes that are stored and verified, not yet named; the collector keeps away from them.
pub struct Admitted {
    pub sha256: Sha256,
    pub size: u64,
    pub report: Report,
    declared: Option<PluginType>,
    generation: i64,
    /// This upload put the object of this generation itself.
    fresh: bool,
    /// The generation that the module's row named while its object was missing or damaged.
    replaces: Option<i64>,
    lease: Uuid,
}

pub async fn admit(state: &State, spooled: &Spooled, declared: Option<PluginType>) -> Result<Admitted> {
    let lease = take_lease(state, &spooled.sha256).await?;
    fail_here!("upload.after-lease");
    let admitted = stored(state, spooled, declared, lease).await;
    if admitted.is_err() {
        end_lease(state, lease).await;
    }
    admitted
}

async fn stored(
    state: &State,
    spooled: &Spooled,
    declared: Option<PluginType>,
    lease: Uuid,
) -> Result<Admitted> {
    let report = match known_report(state, &spooled.sha256, declared).await? {
        Some(report) => report,
        None => verify_file(state, spooled.path(), declared).await?,
    };
    if matches!(report.verdict, tamis_verification::Verdict::Fail | tamis_verification::Verdict::Error) {
        return Err(Error::rejected(report));
    }
    let (generation, fresh, replaces) = match held(state, spooled).await? {
        Held::Whole(generation) => (generation, false, None),
        Held::Damaged(generation) => (put(state, spooled).await?, true, Some(generation)),
        Held::Nothing => (put(state, spooled).await?, true, None),
    };
    fail_here!("upload.after-store");
    Ok(Admitted {
        sha256: spooled.sha256.clone(),
        size: spooled.size,
        report,
        declared,
        generation,
        fresh,
        replaces,
        lease,
    })
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

/// At most one verification per core at once, off the threads that serve.
async fn verify_file(state: &State, path: &Path, declared: Option<PluginType>) -> Result<Report> {
    let (path, declared) = (path.to_owned(), declaration(declared));
    let verify = move || Ok(tamis_verification::verify(&std::fs::read(path)?, &declared));
    state.verifiers.run(verify).await?
}

pub fn declaration(declared: Option<PluginType>) -> Declared {
    use tamis_verification::PluginType as Type;
    let plugin_type = declared.map(|t| match t {
        PluginType::Http => Type::Http,
        PluginType::Network => Type::Network,
        PluginType::Service => Type::Service,
    });
    Declared { plugin_type }
}

fn declared_key(declared: Option<PluginType>) -> String {
    declared.map_or_else(String::new, |t| t.as_str().to_owned())
}

/// The report of a stored module, if these rules have made one for this declaration.
async fn known_report(
    state: &State,
    sha256: &Sha256,
    declared: Option<PluginType>,
) -> Result<Option<Report>> {
    report_in(&*state.db, sha256, declared).await
}

/// The same, inside a transaction.
pub async fn report_in<C: ConnectionTrait>(
    db: &C,
    sha256: &Sha256,
    declared: Option<PluginType>,
) -> Result<Option<Report>> {
    let id = (sha256.clone(), declared_key(declared));
    let row = report::Entity::find_by_id(id).one(db).await?.filter(|r| r.verifier == VERIFIER);
    Ok(row.map(|r| serde_json::from_value(r.report)).transpose()?)
}

/// Those of many modules, each under its declaration, in one query; what is not there is left out.
pub async fn reports_in<C: ConnectionTrait>(
    db: &C,
    wanted: HashSet<(Sha256, Option<PluginType>)>,
) -> Result<HashMap<(Sha256, Option<PluginType>), Report>> {
    let digests = wanted.iter().map(|(sha256, _)| sha256.clone());
    let rows = report::Entity::find().filter(report::Column::Sha256.is_in(digests));
    let rows = rows.filter(report::Column::Verifier.eq(VERIFIER)).all(db).await?;
    let mut found: HashMap<_, _> = rows.into_iter().map(|r| ((r.sha256, r.declared), r.report)).collect();
    let read = |(sha256, declared): (Sha256, Option<PluginType>)| {
        // Two filters may hold the same bytes.
        let report = found.remove(&(sha256.clone(), declared_key(declared)))?;
        Some(serde_json::from_value(report).map(|report| ((sha256, declared), report)))
    };
    Ok(wanted.into_iter().filter_map(read).collect::<Result<_, _>>()?)
}

/// The same, or one that older rules have made: for what is shown until it is made again.
pub async fn last_report<C: ConnectionTrait>(
    db: &C,
    sha256: &Sha256,
    declared: Option<PluginType>,
) -> Result<Option<Report>> {
    let row = report::Entity::find_by_id((sha256.clone(), declared_key(declared))).one(db).await?;
    // Those rules may have known other words.
    Ok(row.and_then(|row| serde_json::from_value(row.report).ok()))
}

/// The report of a stored module, made now if it is not there.
pub async fn report_of(state: &State, sha256: &Sha256, declared: Option<PluginType>) -> Result<Report> {
    if let Some(report) = known_report(state, sha256, declared).await? {
        return Ok(report);
    }
    let declared_as = declaration(declared);
    let verify = move |bytes: &[u8]| tamis_verification::verify(bytes, &declared_as);
    let report = super::deliver::examine(state, sha256, verify).await?;
    let txn = state.db.begin_write().await?;
    insert_report(state, &txn, sha256, declared, &report).await?;
    txn.commit().await?;
    Ok(report)
}

pub fn verdict(report: &Report) -> Verdict {
    match report.verdict {
        tamis_verification::Verdict::Pass => Verdict::Pass,
        tamis_verification::Verdict::Warn => Verdict::Warn,
        tamis_verification::Verdict::Fail => Verdict::Fail,
        tamis_verification::Verdict::Error => Verdict::Error,
    }
}

async fn insert_report(
    state: &State,
    txn: &WriteTxn<'_>,
    sha256: &Sha256,
    declared: Option<PluginType>,
    found: &Report,
) -> Result<()> {
    let row = report::ActiveModel {
        sha256: Set(sha256.clone()),
        declared: Set(declared_key(declared)),
        verdict: Set(verdict(found)),
        verifier: Set(VERIFIER.to_owned()),
        report: Set(serde_json::to_value(found)?),
        created_at: Set(state.clock.now()),
    };
    let conflict = OnConflict::columns([report::Column::Sha256, report::Column::Declared])
        .update_columns([
            report::Column::Verdict,
            report::Column::Verifier,
            report::Column::Report,
            report::Column::CreatedAt,
        ])
        .to_owned();
    report::Entity::insert(row).on_conflict(conflict).exec_without_returning(&**txn).await?;
    Ok(())
}

async fn take_lease(state: &State, sha256: &Sha256) -> Result<Uuid> {
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

impl Admitted {
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
        insert_report(state, txn, &self.sha256, self.declared, &self.report).await?;
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
