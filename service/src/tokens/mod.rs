//! API tokens: made with no more than their maker may do, shown once, ended at will.
pub mod http;
pub mod limit;
pub mod view;

use crate::{
    audit::{self, Actor},
    auth::{
        Caller, Identity, SignedIn,
        identity::{Limit, Via},
        recent, secret,
    },
    db::WriteTxn,
    error::{Error, Result},
    state::State,
    text::is_plain_line,
};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, sea_query::Expr};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use tamis_entities::{
    api_token, user,
    value::{Scope, Scopes, Timestamp},
};
use utoipa::ToSchema;
use uuid::Uuid;

pub const DEFAULT_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);
pub const LONGEST_LIFE: Duration = Duration::from_secs(366 * 24 * 3600);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// What it is for.
    #[schema(min_length = 1, max_length = 100, example = "ci")]
    pub name: String,
    #[schema(min_items = 1)]
    pub scopes: Vec<Scope>,
    /// At most a year from now; 90 days when absent.
    pub expires_at: Option<Timestamp>,
    /// What of yours the token is good for; everything when absent.
    pub limit: Option<limit::LimitRequest>,
}

/// What is to be made.
pub struct Wanted {
    pub name: String,
    pub scopes: Scopes,
    pub expires_at: Timestamp,
    pub limit: Option<Limit>,
    /// Set for what trusted publishing gives out.
    pub publisher: Option<Uuid>,
}

/// To an access token of a program: what it makes would go on when the program may not.
pub fn passing() -> Error {
    let detail = "an access token of a program makes nothing that would outlast it; sign in, or use a token of your own";
    Error::forbidden("passing-credential", detail)
}

/// A new token for `owner`, which can do no more than the credential of `who`.
pub async fn issue(
    state: &State,
    who: &SignedIn,
    owner: Uuid,
    request: TokenRequest,
) -> Result<(api_token::Model, String)> {
    if request.scopes.is_empty() {
        return Err(Error::invalid("scopes", "at least one"));
    }
    if let Some(scope) = request.scopes.iter().find(|s| !who.0.scopes.has(**s)) {
        return Err(Error::forbidden(
            "scope-beyond-credential",
            format!("your credential does not carry `{scope}` itself"),
        ));
    }
    if matches!(who.0.via, Via::OAuth(_)) {
        return Err(passing());
    }
    if request.scopes.contains(&Scope::ReviewsVote) {
        recent(&who.0, &state.clock)?;
    }
    let limit = match &request.limit {
        Some(asked) => Some(limit::resolve(state, &Caller(Some(who.0.clone())), asked).await?),
        None => None,
    };
    let wanted = Wanted {
        name: request.name,
        scopes: request.scopes.into_iter().collect(),
        expires_at: end(&who.0, request.expires_at, state.clock.now())?,
        limit,
        publisher: None,
    };
    let owner = user::Entity::find_by_id(owner).one(&*state.db).await?.ok_or_else(Error::not_found)?;
    create(state, &Actor::from(&*who.0), &owner, wanted).await
}

/// When the new token ends: as asked or after 90 days, and never after the token that made it, or who
/// had that one for a day would have its rights for years.
fn end(who: &Identity, asked: Option<Timestamp>, now: Timestamp) -> Result<Timestamp> {
    let wanted = asked.unwrap_or_else(|| now.plus(DEFAULT_LIFE));
    match (asked, who.ends_at) {
        (Some(_), Some(latest)) if wanted > latest => Err(Error::invalid(
            "expires_at",
            format!("not after {latest}, when the token that makes it ends"),
        )),
        (_, latest) => Ok(latest.map_or(wanted, |latest| wanted.min(latest))),
    }
}

/// The row, and the secret that is shown once.
pub async fn create(
    state: &State,
    actor: &Actor,
    owner: &user::Model,
    wanted: Wanted,
) -> Result<(api_token::Model, String)> {
    let txn = state.db.begin_write().await?;
    let made = insert(state, &txn, owner, wanted).await?;
    let row = &made.0;
    let detail = json!({"name": row.name, "scopes": row.scopes.to_string(), "expires_at": row.expires_at,
        "limit": row.limit_filter_id.or(row.limit_namespace_id)});
    audit::record(&*txn, &state.clock, actor, "token.create", format!("token:{}", row.id), detail).await?;
    txn.commit().await?;
    Ok(made)
}

/// Inside the caller's transaction; the caller writes the log.
pub async fn insert(
    state: &State,
    txn: &WriteTxn<'_>,
    owner: &user::Model,
    wanted: Wanted,
) -> Result<(api_token::Model, String)> {
    let now = state.clock.now();
    check(owner, &wanted, now)?;
    let fresh = secret::fresh(secret::TOKEN_PREFIX)?;
    let (namespace, filter) = match wanted.limit {
        None => (None, None),
        Some(Limit::Namespace(id)) => (Some(id), None),
        Some(Limit::Filter(id)) => (None, Some(id)),
    };
    let row = api_token::Model {
        id: Uuid::now_v7(),
        user_id: owner.id,
        name: wanted.name,
        secret_sha256: fresh.sha256,
        scopes: wanted.scopes,
        created_at: now,
        expires_at: wanted.expires_at,
        last_used_at: None,
        revoked_at: None,
        limit_namespace_id: namespace,
        limit_filter_id: filter,
        publisher_id: wanted.publisher,
    };
    api_token::Entity::insert(row.clone().into_active_model()).exec_without_returning(&**txn).await?;
    Ok((row, fresh.text))
}

fn check(owner: &user::Model, wanted: &Wanted, now: Timestamp) -> Result<()> {
    let name = &wanted.name;
    if name.is_empty() || name.len() > 100 || !is_plain_line(name) {
        return Err(Error::invalid("name", "1 to 100 characters that say what the token is for"));
    }
    if wanted.expires_at <= now || wanted.expires_at > now.plus(LONGEST_LIFE) {
        return Err(Error::invalid("expires_at", "in the future, at most a year from now"));
    }
    if let Some(scope) = wanted.scopes.iter().find(|s| !s.allowed_to(owner.role)) {
        return Err(Error::forbidden(
            "scope-beyond-role",
            format!("the scope `{scope}` is beyond the role `{}`", owner.role),
        ));
    }
    let machine = Scopes::of_machine();
    let confined = owner.robot_of.is_some() || wanted.limit.is_some();
    if confined && wanted.scopes.iter().any(|s| !machine.has(s)) {
        let words: Vec<_> = machine.iter().map(Scope::as_str).collect();
        let detail = format!("a robot's or limited token carries only {}", words.join(", "));
        return Err(Error::invalid("scopes", detail));
    }
    Ok(())
}

/// The tokens of one account, without those of trusted publishing, which end by themselves.
pub async fn of(state: &State, owner: Uuid) -> Result<Vec<api_token::Model>> {
    Ok(api_token::Entity::find()
        .filter(api_token::Column::UserId.eq(owner))
        .filter(api_token::Column::RevokedAt.is_null())
        .filter(api_token::Column::PublisherId.is_null())
        .order_by_asc(api_token::Column::Id)
        .all(&*state.db)
        .await?)
}

/// Ends a token of `owner`; `who` may be its owner, or act for a robot.
pub async fn revoke(state: &State, who: &Identity, owner: Uuid, id: Uuid) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let done = api_token::Entity::update_many()
        .col_expr(api_token::Column::RevokedAt, Expr::value(state.clock.now()))
        .filter(api_token::Column::Id.eq(id))
        .filter(api_token::Column::UserId.eq(owner))
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
