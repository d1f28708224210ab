//! The exchange: an identity token for a token of ours. Each identity token works once. Who is
//! refused learns nothing about the filter: not whether it is there, nor whom it trusts.
use super::{
    claims,
    identity_token::{self, Verified},
};
use crate::{
    audit::{self, Actor},
    auth::{
        Identity,
        access::{Relation, find_filter, find_namespace},
        identity::{Limit, Via, identity},
    },
    db::{self, WriteTxn},
    error::{Error, Kind, Result},
    state::State,
    tokens,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, sea_query::OnConflict,
};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use tamis_entities::{
    api_token, filter, trusted_publisher, used_jti, user,
    value::{Scope, Slug},
};
use utoipa::ToSchema;
use uuid::Uuid;

const LIFE: Duration = Duration::from_secs(15 * 60);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeRequest {
    /// The identity token that the build system signed for this job.
    #[schema(min_length = 1, max_length = 16384)]
    pub token: String,
    pub namespace: Slug,
    pub filter: Slug,
}

fn untrusted(why: &str) -> Error {
    Error::forbidden("untrusted-token", format!("this identity token is not accepted: {why}"))
}

fn nobody() -> Error {
    untrusted("no trusted publisher of this filter has its issuer, its audience and all of its claims")
}

pub async fn exchange(state: &State, request: ExchangeRequest) -> Result<(api_token::Model, String)> {
    if request.token.is_empty() || request.token.len() > identity_token::LONGEST {
        return Err(Error::invalid("token", "an identity token of 1 to 16384 characters"));
    }
    let unverified = identity_token::read(&request.token, state.clock.now()).map_err(untrusted)?;
    let issuer = unverified.issuer();
    // Nobody makes us ask an issuer that no filter here trusts.
    let trusted = trusted_publisher::Entity::find().filter(trusted_publisher::Column::Issuer.eq(issuer));
    if trusted.count(&*state.db).await? == 0 {
        return Err(nobody());
    }
    let key = state.issuers.key(issuer, &unverified.key_id).await.map_err(|error| {
        tracing::warn!(%error, issuer, "an issuer's keys cannot be had");
        Error::new(
            Kind::Upstream,
            "fetch-failed",
            "the issuer's keys cannot be had right now; try again soon",
        )
    })?;
    let key = key.ok_or_else(|| untrusted("its issuer has no such key"))?;
    let verified = unverified.verify(&key).map_err(untrusted)?;
    let publisher = matching(state, &request, &verified).await?.ok_or_else(nobody)?;
    db::retrying(|| mint(state, &request, &verified, publisher)).await
}

/// The publisher of this filter whose conditions are met.
async fn matching(state: &State, request: &ExchangeRequest, token: &Verified) -> Result<Option<Uuid>> {
    let Some(namespace) = find_namespace(&*state.db, &request.namespace).await? else { return Ok(None) };
    let Some(filter) = find_filter(&*state.db, namespace.id, &request.filter).await? else { return Ok(None) };
    let publishers = trusted_publisher::Entity::find()
        .filter(trusted_publisher::Column::FilterId.eq(filter.id))
        .filter(trusted_publisher::Column::Issuer.eq(&token.issuer))
        .all(&*state.db)
        .await?;
    let fits =
        |p: &trusted_publisher::Model| token.is_for(&p.audience) && claims::met(&p.claims.0, &token.claims);
    Ok(publishers.into_iter().find(fits).map(|p| p.id))
}

/// The user and the filter, if they are still this to it.
pub async fn still(
    state: &State,
    txn: &WriteTxn<'_>,
    user: Uuid,
    filter: Uuid,
    is: impl Fn(&Relation) -> bool,
) -> Result<Option<(Identity, filter::Model)>> {
    let Some(filter) = filter::Entity::find_by_id(filter).one(&**txn).await? else { return Ok(None) };
    let Some(who) = identity(&**txn, user, Via::Operator, None).await? else { return Ok(None) };
    let relation = Relation::of(&**txn, &who, &filter, state.clock.now()).await?;
    Ok(is(&relation).then_some((who, filter)))
}

async fn mint(
    state: &State,
    request: &ExchangeRequest,
    token: &Verified,
    publisher: Uuid,
) -> Result<(api_token::Model, String)> {
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    // Everything is asked again: publisher, account and right may have gone meanwhile.
    let found = trusted_publisher::Entity::find_by_id(publisher).one(&*txn).await?.ok_or_else(nobody)?;
    let (who, filter) =
        still(state, &txn, found.created_by, found.filter_id, Relation::writes).await?.ok_or_else(nobody)?;
    use_once(&txn, token).await?;
    let owner = user::Entity::find_by_id(who.id).one(&*txn).await?.ok_or_else(nobody)?;
    let wanted = tokens::Wanted {
        name: "trusted publishing".into(),
        scopes: [Scope::FiltersRead, Scope::ReleasesStage].into_iter().collect(),
        expires_at: now.plus(LIFE),
        limit: Some(Limit::Filter(filter.id)),
        publisher: Some(publisher),
    };
    let made = tokens::insert(state, &txn, &owner, wanted).await?;
    let used = trusted_publisher::ActiveModel {
        id: Set(publisher),
        last_used_at: Set(Some(now)),
        ..Default::default()
    };
    trusted_publisher::Entity::update(used).exec(&*txn).await?;
    let actor = Actor::from(&Identity { via: Via::Publisher(publisher), ..who });
    let object = format!("filter:{}/{}", request.namespace, request.filter);
    let detail = json!({"token": made.0.id, "issuer": token.issuer, "jti": token.id,
        "subject": token.claims.get("sub"), "claims": found.claims});
    audit::record(&*txn, &state.clock, &actor, "token.exchange", object, detail).await?;
    txn.commit().await?;
    Ok(made)
}

/// The row is the consumption: of many at once, one inserts it.
async fn use_once(txn: &WriteTxn<'_>, token: &Verified) -> Result<()> {
    let row = used_jti::ActiveModel {
        issuer: Set(token.issuer.clone()),
        jti: Set(token.id.clone()),
        expires_at: Set(token.over_at.plus(Duration::from_secs(600))),
    };
    let first =
        OnConflict::columns([used_jti::Column::Issuer, used_jti::Column::Jti]).do_nothing().to_owned();
    let made = used_jti::Entity::insert(row).on_conflict(first).exec_without_returning(&**txn).await?;
    if made == 1 { Ok(()) } else { Err(untrusted("it has been used; each works once")) }
}
