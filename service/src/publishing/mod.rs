//! Trusted publishing: a build system shows an identity token of its own and gets a short token
//! for one filter, so that nobody stores a secret there. This room owns who is trusted.
pub mod claims;
pub mod exchange;
pub mod http;
pub mod identity_token;
pub mod issuer;

use crate::{
    audit::{self, Actor},
    auth::FilterAccess,
    error::{Error, Result},
    state::State,
};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder};
use serde::Deserialize;
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};
use tamis_entities::{
    api_token, trusted_publisher, used_jti,
    value::{Claims, Provider},
};
use utoipa::ToSchema;
use uuid::Uuid;

const MOST: u64 = 20;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"provider": "github", "claims": {"repository": "acme/header-guard", "repository_owner_id": "65", "environment": "release"}}))]
pub struct PublisherRequest {
    pub provider: Provider,
    /// Who signs: the `iss` of its tokens, letter by letter. For GitHub and GitLab their public
    /// services when absent.
    #[schema(max_length = 500)]
    pub issuer: Option<String>,
    /// The `aud` that its tokens must name; this server's URL when absent.
    #[schema(max_length = 500)]
    pub audience: Option<String>,
    /// Claims and the one text that each must have.
    pub claims: BTreeMap<String, String>,
}

pub async fn create(
    state: &State,
    access: &FilterAccess,
    request: PublisherRequest,
) -> Result<trusted_publisher::Model> {
    let who = access.who()?;
    let issuer = request.issuer.or_else(|| claims::usual_issuer(request.provider).map(str::to_owned));
    let issuer = issuer.ok_or_else(|| Error::invalid("issuer", "the URL in the `iss` of its tokens"))?;
    let audience = request.audience.unwrap_or_else(|| state.public_url.clone());
    if audience.is_empty() || audience.len() > 500 || audience.chars().any(char::is_control) {
        return Err(Error::invalid("audience", "1 to 500 characters, without control characters"));
    }
    claims::check(request.provider, &issuer, &request.claims)?;
    // What cannot work is refused now, not at the first release.
    state.issuers.check(&issuer).await?;
    let row = trusted_publisher::Model {
        id: Uuid::now_v7(),
        filter_id: access.filter.id,
        provider: request.provider,
        issuer,
        audience,
        claims: Claims(request.claims),
        created_by: who.id,
        created_at: state.clock.now(),
        last_used_at: None,
    };
    let txn = state.db.begin_write().await?;
    // Asked again now that the issuer has had its time: the right to manage may have ended meanwhile.
    exchange::still(state, &txn, who.id, access.filter.id, |r| r.manages())
        .await?
        .ok_or_else(Error::not_found)?;
    let others = trusted_publisher::Column::FilterId.eq(access.filter.id);
    if trusted_publisher::Entity::find().filter(others).count(&*txn).await? >= MOST {
        return Err(Error::invalid("claims", format!("a filter has at most {MOST} trusted publishers")));
    }
    trusted_publisher::Entity::insert(row.clone().into_active_model()).exec_without_returning(&*txn).await?;
    let detail =
        json!({"publisher": row.id, "issuer": row.issuer, "audience": row.audience, "claims": row.claims});
    let object = format!("filter:{}", access.name());
    audit::record(&*txn, &state.clock, &Actor::from(who), "publisher.create", object, detail).await?;
    txn.commit().await?;
    Ok(row)
}

pub async fn list(state: &State, access: &FilterAccess) -> Result<Vec<trusted_publisher::Model>> {
    Ok(trusted_publisher::Entity::find()
        .filter(trusted_publisher::Column::FilterId.eq(access.filter.id))
        .order_by_asc(trusted_publisher::Column::Id)
        .all(&*state.db)
        .await?)
}

/// The tokens that it gave out end with it.
pub async fn remove(state: &State, access: &FilterAccess, id: Uuid) -> Result<()> {
    let who = access.who()?;
    let txn = state.db.begin_write().await?;
    let gone = trusted_publisher::Entity::delete_many()
        .filter(trusted_publisher::Column::Id.eq(id))
        .filter(trusted_publisher::Column::FilterId.eq(access.filter.id))
        .exec(&*txn)
        .await?;
    if gone.rows_affected == 0 {
        return Err(Error::not_found());
    }
    let (object, detail) = (format!("filter:{}", access.name()), json!({"publisher": id}));
    audit::record(&*txn, &state.clock, &Actor::from(who), "publisher.remove", object, detail).await?;
    txn.commit().await
}

/// Removes the memory of identity tokens that are too old to come again, and tokens that ended a day ago.
pub async fn forget_expired(state: &State) -> Result<()> {
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    used_jti::Entity::delete_many().filter(used_jti::Column::ExpiresAt.lt(now)).exec(&*txn).await?;
    api_token::Entity::delete_many()
        .filter(api_token::Column::PublisherId.is_not_null())
        .filter(api_token::Column::ExpiresAt.lt(now.minus(Duration::from_secs(86_400))))
        .exec(&*txn)
        .await?;
    txn.commit().await
}
