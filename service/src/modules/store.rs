//! From a spooled file to a named module, and the reports of modules. `admit` leases the digest,
//! verifies and stores; `Admitted::name` makes the row inside the caller's transaction.
pub use super::objects::{Named, end_lease, key, lock_in_order, touch};
use super::{
    objects::{self, Stored, take_lease},
    spool::Spooled,
};
use crate::{
    db::WriteTxn,
    error::{Error, Result},
    fail_here,
    state::State,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict,
};
use std::{
    collections::{HashMap, HashSet},
    path::Path,
};
use tamis_entities::{
    report,
    value::{PluginType, Sha256, Verdict},
};
use tamis_verification::{Declared, Report, VERIFIER};
use uuid::Uuid;

/// Bytes that are stored and verified, not yet named; the collector keeps away from them.
pub struct Admitted {
    pub sha256: Sha256,
    pub size: u64,
    pub report: Report,
    declared: Option<PluginType>,
    stored: Stored,
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
    let report = judge(state, spooled, declared).await?;
    let stored = objects::stored(state, spooled, lease).await?;
    fail_here!("upload.after-store");
    Ok(Admitted { sha256: spooled.sha256.clone(), size: spooled.size, report, declared, stored })
}

/// The report of what may be admitted; refuses the rest, and stores nothing.
pub async fn judge(state: &State, spooled: &Spooled, declared: Option<PluginType>) -> Result<Report> {
    let report = match known_report(state, &spooled.sha256, declared).await? {
        Some(report) => report,
        None => verify_file(state, spooled.path(), declared).await?,
    };
    match report.verdict {
        tamis_verification::Verdict::Fail | tamis_verification::Verdict::Error => {
            Err(Error::rejected(report))
        }
        _ => Ok(report),
    }
}

impl Admitted {
    pub fn lease(&self) -> Uuid {
        self.stored.lease()
    }

    /// Makes or touches the module's row with its report and ends the lease, in the caller's transaction.
    pub async fn name(&self, state: &State, txn: &WriteTxn<'_>) -> Result<Named> {
        if let Named::Lost = self.stored.name(state, txn).await? {
            return Ok(Named::Lost);
        }
        insert_report(state, txn, &self.sha256, self.declared, &self.report).await?;
        Ok(Named::Yes)
    }
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
