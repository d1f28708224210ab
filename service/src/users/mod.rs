//! The people of the instance, for its administrators: who there is, and who may not come in
//! any more. What is theirs stays.
pub mod http;

use crate::{
    audit::{self, Actor},
    error::{Error, Result},
    sign_in::session,
    state::State,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use serde_json::json;
use tamis_entities::{
    namespace, session as sessions, sign_in_link, user,
    value::{Role, Slug},
};
use uuid::Uuid;

/// Ends every session and link of a user; until they are enabled again they come in by no door,
/// and their tokens do nothing.
pub async fn disable(
    state: &State,
    actor: &Actor,
    by: Option<Uuid>,
    user: &namespace::Model,
    reason: Option<&str>,
) -> Result<()> {
    if by == Some(user.id) {
        return Err(Error::conflict("own-account", "somebody else has to disable your account"));
    }
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    // All administrators, so that two of them cannot disable each other at one moment.
    let admins = user::Entity::find().filter(user::Column::Role.eq(Role::Admin));
    let admins = admins.filter(user::Column::DisabledAt.is_null()).lock_exclusive().all(&*txn).await?;
    if admins.iter().all(|admin| admin.id == user.id) && !admins.is_empty() {
        return Err(Error::conflict("last-admin", "this is the last administrator; make another one first"));
    }
    let disabled = user::Entity::update_many()
        .col_expr(user::Column::DisabledAt, Expr::value(now))
        .filter(user::Column::Id.eq(user.id))
        .filter(user::Column::DisabledAt.is_null())
        .exec(&*txn)
        .await?;
    if disabled.rows_affected == 0 {
        return Ok(());
    }
    session::revoke(&*txn, Condition::all().add(sessions::Column::UserId.eq(user.id)), now).await?;
    sign_in_link::Entity::update_many()
        .col_expr(sign_in_link::Column::UsedAt, Expr::value(now))
        .filter(sign_in_link::Column::UserId.eq(user.id))
        .filter(sign_in_link::Column::UsedAt.is_null())
        .exec(&*txn)
        .await?;
    let detail = json!({"reason": reason});
    audit::record(&*txn, &state.clock, actor, "user.disable", object(&user.handle), detail).await?;
    txn.commit().await
}

pub async fn enable(state: &State, actor: &Actor, user: &namespace::Model) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let enabled = user::Entity::update_many()
        .col_expr(user::Column::DisabledAt, Expr::value(None::<i64>))
        .filter(user::Column::Id.eq(user.id))
        .filter(user::Column::DisabledAt.is_not_null())
        .exec(&*txn)
        .await?;
    if enabled.rows_affected == 0 {
        return Ok(());
    }
    audit::record(&*txn, &state.clock, actor, "user.enable", object(&user.handle), json!({})).await?;
    txn.commit().await
}

fn object(handle: &Slug) -> String {
    format!("user:{handle}")
}
