//! What grants open at this moment. Knows who holds one, not what it allows.
use super::caller::{Caller, Identity};
use crate::{error::Result, state::State};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use tamis_entities::{
    grant,
    value::{GrantLevel, Timestamp},
};
use uuid::Uuid;

/// The strongest grant on a filter that this person has now, given to them or to a team of theirs.
pub async fn grant_on<C: ConnectionTrait>(
    db: &C,
    who: &Identity,
    filter: Uuid,
    now: Timestamp,
) -> Result<Option<GrantLevel>> {
    let unended =
        Condition::any().add(grant::Column::ExpiresAt.is_null()).add(grant::Column::ExpiresAt.gt(now));
    let grants = grant::Entity::find()
        .filter(grant::Column::FilterId.eq(filter))
        .filter(grant::Column::SubjectId.is_in(who.namespaces()))
        .filter(unended);
    Ok(grants.all(db).await?.into_iter().map(|g| g.level).max())
}

/// What is absent takes as long as what is not for this caller's eyes: the same question, about
/// nothing. The clock would tell the two apart otherwise.
pub async fn look_in_vain(state: &State, caller: &Caller) -> Result<()> {
    let Some(who) = caller.identity() else { return Ok(()) };
    grant_on(&*state.db, who, Uuid::nil(), state.clock.now()).await?;
    Ok(())
}
