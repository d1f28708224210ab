//! API tokens: made with no more than their maker may do, shown once, ended at will.
pub mod http;

use crate::{
    audit::{self, Actor},
    auth::{Identity, secret},
    error::{Error, Result},
    state::State,
};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, sea_query::Expr};
use serde_json::json;
use std::time::Duration;
use tamis_entities::{
    api_token, user,
    value::{Scopes, Timestamp},
};
use uuid::Uuid;

pub const DEFAULT_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);
pub const LONGEST_LIFE: Duration = Duration::from_secs(366 * 24 * 3600);

/// The row, and the secret that is shown once.
pub async fn create(
    state: &State,
    actor: &Actor,
    owner: &user::Model,
    name: String,
    scopes: Scopes,
    expires_at: Timestamp,
) -> Result<(api_token::Model, String)> {
    let now = state.clock.now();
    if name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
        return Err(Error::invalid("name", "1 to 100 characters that say what the token is for"));
    }
    if expires_at <= now || expires_at > now.plus(LONGEST_LIFE) {
        return Err(Error::invalid("expires_at", "in the future, at most a year from now"));
    }
    if let Some(scope) = scopes.iter().find(|s| !s.allowed_to(owner.role)) {
        return Err(Error::forbidden(
            "scope-beyond-role",
            format!("the scope `{scope}` is beyond the role `{}`", owner.role),
        ));
    }
    let fresh = secret::fresh(secret::TOKEN_PREFIX)?;
    let row = api_token::Model {
        id: Uuid::now_v7(),
        user_id: owner.id,
        name,
        secret_sha256: fresh.sha256,
        scopes,
        created_at: now,
        expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    let txn = state.db.begin_write().await?;
    api_token::Entity::insert(row.clone().into_active_model()).exec_without_returning(&*txn).await?;
    let detail = json!({"name": row.name, "scopes": row.scopes.to_string(), "expires_at": row.expires_at});
    audit::record(&*txn, &state.clock, actor, "token.create", format!("token:{}", row.id), detail).await?;
    txn.commit().await?;
    Ok((row, fresh.text))
}

pub async fn revoke(state: &State, who: &Identity, id: Uuid) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let done = api_token::Entity::update_many()
        .col_expr(api_token::Column::RevokedAt, Expr::value(state.clock.now()))
        .filter(api_token::Column::Id.eq(id))
        .filter(api_token::Column::UserId.eq(who.id))
        .filter(api_token::Column::RevokedAt.is_null())
        .exec(&*txn)
        .await?;
    if done.rows_affected == 0 {
        return Err(Error::not_found());
    }
    audit::record(&*txn, &state.clock, &Actor::from(who), "token.revoke", format!("token:{id}"), json!({}))
        .await?;
    txn.commit().await
}
