//! What a person is here, written down: kept beside an answer that may be given again, so
//! that who has lost something since does not learn it that way.
use super::caller::{Identity, Via, identity};
use crate::error::{Error, Result};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tamis_entities::{
    grant,
    value::{GrantLevel, MemberRole, Role, Timestamp},
};
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
struct Standing {
    role: Role,
    teams: BTreeMap<Uuid, MemberRole>,
    /// By filter; the strongest of several.
    grants: BTreeMap<Uuid, GrantLevel>,
}

async fn now_of<C: ConnectionTrait>(db: &C, id: Uuid, now: Timestamp) -> Result<Option<Standing>> {
    // Not what the request began with: it may have made a team.
    let Some(who) = identity(db, id, Via::Operator, None).await? else { return Ok(None) };
    let unended =
        Condition::any().add(grant::Column::ExpiresAt.is_null()).add(grant::Column::ExpiresAt.gt(now));
    let rows = grant::Entity::find().filter(grant::Column::SubjectId.is_in(who.namespaces())).filter(unended);
    let mut grants = BTreeMap::new();
    for row in rows.all(db).await? {
        let level = grants.entry(row.filter_id).or_insert(row.level);
        *level = row.level.max(*level);
    }
    Ok(Some(Standing { role: who.role, teams: who.teams.into_iter().collect(), grants }))
}

pub async fn of<C: ConnectionTrait>(db: &C, who: &Identity, now: Timestamp) -> Result<String> {
    let standing = now_of(db, who.id, now).await?;
    Ok(serde_json::to_string(&standing)?)
}

/// Refuses who is less than what was written down.
pub async fn check_kept<C: ConnectionTrait>(
    db: &C,
    who: &Identity,
    kept: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let before: Option<Standing> = kept.and_then(|text| serde_json::from_str(text).ok()).flatten();
    let kept = match (before, now_of(db, who.id, now).await?) {
        (Some(before), Some(now)) => {
            now.role >= before.role
                && before.teams.iter().all(|(team, role)| now.teams.get(team) >= Some(role))
                && before.grants.iter().all(|(filter, level)| now.grants.get(filter) >= Some(level))
        }
        _ => false,
    };
    if kept {
        return Ok(());
    }
    let detail =
        "the request was served, but what you may do has shrunk since; read what it made, or use a new key";
    Err(Error::conflict("idempotency-key-outdated", detail))
}
