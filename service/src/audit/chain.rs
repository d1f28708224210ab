//! The chain: entry n carries SHA-256 over the hash of entry n-1 and its own canonical
//! JSON, so that a row changed, removed or put in between is found.
use crate::{db::Db, error::Result, jobs::lease, state::State};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::json;
use std::time::Duration;
use tamis_entities::{audit_entry, value::Sha256};

const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const BATCH: u64 = 500;

fn hash(previous: &str, seq: i64, entry: &audit_entry::Model) -> String {
    let mut value = json!({
        "seq": seq, "id": entry.id, "at": entry.at.0, "actor": entry.actor,
        "action": entry.action, "object": entry.object, "detail": entry.detail,
    });
    value.sort_all_objects();
    Sha256::of(format!("{previous}\n{value}").as_bytes()).hex().to_owned()
}

async fn last(db: &impl sea_orm::ConnectionTrait) -> Result<(i64, String)> {
    let newest = audit_entry::Entity::find()
        .filter(audit_entry::Column::Seq.is_not_null())
        .order_by(audit_entry::Column::Seq, Order::Desc)
        .one(db)
        .await?;
    Ok(newest.and_then(|e| Some((e.seq?, e.hash?))).unwrap_or((0, GENESIS.to_owned())))
}

/// Seals what is not sealed yet; returns how many rows. Only the lease holder does it.
pub async fn seal(state: &State) -> Result<u64> {
    if unsealed(&state.db).await? == 0 || !lease::hold(state, "audit-seal", Duration::from_secs(15)).await? {
        return Ok(0);
    }
    let txn = state.db.begin_write().await?;
    let (mut seq, mut previous) = last(&*txn).await?;
    // Two sealers would collide on the unique `seq`: one of them rolls back.
    let rows = audit_entry::Entity::find()
        .filter(audit_entry::Column::Seq.is_null())
        .order_by(audit_entry::Column::Id, Order::Asc)
        .limit(BATCH)
        .all(&*txn)
        .await?;
    let sealed = rows.len() as u64;
    for row in rows {
        seq += 1;
        previous = hash(&previous, seq, &row);
        let update = audit_entry::ActiveModel {
            id: Set(row.id),
            seq: Set(Some(seq)),
            hash: Set(Some(previous.clone())),
            ..Default::default()
        };
        audit_entry::Entity::update(update).exec(&*txn).await?;
    }
    txn.commit().await?;
    Ok(sealed)
}

async fn unsealed(db: &Db) -> Result<u64> {
    Ok(audit_entry::Entity::find().filter(audit_entry::Column::Seq.is_null()).count(&**db).await?)
}

/// What `tamis audit verify` found.
#[derive(Debug, serde::Serialize)]
pub struct Verdict {
    pub sealed: i64,
    pub unsealed: u64,
    /// The first entry that does not fit, if any.
    pub broken_at: Option<i64>,
    pub head: String,
}

pub async fn verify(db: &Db) -> Result<Verdict> {
    let (mut seq, mut previous) = (0, GENESIS.to_owned());
    let mut broken_at = None;
    loop {
        let rows = audit_entry::Entity::find()
            .filter(audit_entry::Column::Seq.gt(seq))
            .order_by(audit_entry::Column::Seq, Order::Asc)
            .limit(BATCH)
            .all(&**db)
            .await?;
        if rows.is_empty() || broken_at.is_some() {
            break;
        }
        for row in rows {
            let expected = hash(&previous, seq + 1, &row);
            if row.seq != Some(seq + 1) || row.hash.as_deref() != Some(expected.as_str()) {
                broken_at = Some(seq + 1);
                break;
            }
            seq += 1;
            previous = expected;
        }
    }
    Ok(Verdict { sealed: seq, unsealed: unsealed(db).await?, broken_at, head: previous })
}
