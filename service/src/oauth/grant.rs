//! Grants: what one person let one client do, and all tokens that came of it. Refresh tokens are used
//! once; one that comes back has been stolen from somebody, so it ends the whole grant.
use super::{
    ACCESS_LIFE, GRANT_LIFE, REFRESH_IDLE,
    access::{self, Claims},
    client::Client,
    form::Fields,
    refusal::Refusal,
    words::{Word, Words},
};
use crate::{
    audit::{self, Actor},
    auth::{
        Identity,
        caller::{Via, identity},
        secret,
    },
    db::WriteTxn,
    error::Result,
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, sea_query::Expr};
use serde::Serialize;
use serde_json::json;
use tamis_entities::{
    oauth_grant, oauth_refresh_token,
    value::{OauthGrantType, Timestamp},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// What is about to be granted.
pub struct Opening<'a> {
    pub id: Uuid,
    pub client: &'a Client,
    pub who: &'a Identity,
    pub kind: OauthGrantType,
    pub words: Words,
    pub audience: String,
    pub auth_time: Timestamp,
}

/// A successful answer of the token endpoint (RFC 6749 section 5.1).
#[derive(Serialize, ToSchema)]
#[schema(as = OauthTokens)]
pub struct Tokens {
    pub access_token: String,
    #[schema(value_type = String, example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: u64,
    /// What was granted, which may be less than what was asked for.
    pub scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
}

/// A grant that a transaction has made or renewed; it becomes tokens when that has ended.
pub struct Opened {
    pub grant: oauth_grant::Model,
    pub words: Words,
    pub refresh_token: Option<String>,
}

/// Who a grant is for, unless they are gone or disabled.
pub async fn person(txn: &WriteTxn<'_>, user: Uuid, grant: Uuid) -> Result<Option<Identity>> {
    identity(&**txn, user, Via::OAuth(grant), None).await
}

pub async fn open(state: &State, txn: &WriteTxn<'_>, opening: Opening<'_>) -> Result<Opened, Refusal> {
    let Opening { id, client, who, kind, words, audience, auth_time } = opening;
    let words = words.common(&client.words).allowed_to(who.role);
    if words.is_empty() {
        return Err(Refusal::scope());
    }
    let lasting = match kind {
        OauthGrantType::ClientCredentials => false,
        OauthGrantType::DeviceCode => client.uses(OauthGrantType::RefreshToken),
        _ => client.uses(OauthGrantType::RefreshToken) && words.has(Word::OfflineAccess),
    };
    let now = state.clock.now();
    let row = oauth_grant::Model {
        id,
        user_id: who.id,
        client_id: client.id.clone(),
        kind: kind.to_string(),
        scopes: words.to_string(),
        audience,
        auth_time,
        created_at: now,
        expires_at: now.plus(if lasting { GRANT_LIFE } else { ACCESS_LIFE }),
        revoked_at: None,
    };
    oauth_grant::Entity::insert(row.clone().into_active_model()).exec_without_returning(&**txn).await?;
    let detail = json!({"client": client.id, "kind": kind, "scopes": row.scopes, "audience": row.audience});
    audit::record(&**txn, &state.clock, &Actor::from(who), "oauth.grant", format!("grant:{id}"), detail)
        .await?;
    let refresh_token = if lasting { Some(refresh_token(state, txn, &row).await?) } else { None };
    Ok(Opened { grant: row, words, refresh_token })
}

async fn refresh_token(state: &State, txn: &WriteTxn<'_>, grant: &oauth_grant::Model) -> Result<String> {
    let fresh = secret::fresh("")?;
    let now = state.clock.now();
    let row = oauth_refresh_token::ActiveModel {
        id: Set(Uuid::now_v7()),
        grant_id: Set(grant.id),
        secret_sha256: Set(fresh.sha256),
        created_at: Set(now),
        expires_at: Set(now.plus(REFRESH_IDLE).min(grant.expires_at)),
        used_at: Set(None),
    };
    oauth_refresh_token::Entity::insert(row).exec_without_returning(&**txn).await?;
    Ok(fresh.text)
}

#[derive(Serialize)]
struct IdClaims<'a> {
    iss: &'a str,
    sub: Uuid,
    aud: &'a str,
    iat: u64,
    exp: u64,
    auth_time: u64,
    sid: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

/// Signs what was opened. After the transaction, because the first signature makes the first key.
pub async fn tokens(state: &State, opened: Opened, nonce: Option<&str>) -> Result<Tokens, Refusal> {
    let Opened { grant, words, refresh_token } = opened;
    let keys = state.oauth.keys.current(state).await?;
    let claims = Claims::new(state, &grant, &words);
    let id_claims = IdClaims {
        iss: &claims.iss,
        sub: claims.sub,
        aud: &claims.client_id,
        iat: claims.iat,
        exp: claims.exp,
        auth_time: claims.auth_time,
        sid: claims.sid,
        nonce,
    };
    let personal = words.has(Word::OpenId) && grant.kind != OauthGrantType::ClientCredentials.as_str();
    let id_token = if personal { Some(keys.sign("JWT", &id_claims)?) } else { None };
    Ok(Tokens {
        access_token: keys.sign(access::TYPE, &claims)?,
        token_type: "Bearer",
        expires_in: claims.exp.saturating_sub(claims.iat),
        scope: words.to_string(),
        refresh_token,
        id_token,
    })
}

/// The grant of a refresh token, and the token's own row.
async fn by_refresh_token(
    txn: &WriteTxn<'_>,
    text: &str,
) -> Result<Option<(oauth_refresh_token::Model, oauth_grant::Model)>> {
    let by_hash = oauth_refresh_token::Column::SecretSha256.eq(secret::hash(text));
    let Some(token) = oauth_refresh_token::Entity::find().filter(by_hash).one(&**txn).await? else {
        return Ok(None);
    };
    let grant = oauth_grant::Entity::find_by_id(token.grant_id).one(&**txn).await?;
    Ok(grant.map(|grant| (token, grant)))
}

/// A refresh token for the next one. A scope may narrow the access token, never the grant.
pub async fn refresh(state: &State, client: &Client, fields: &Fields) -> Result<Tokens, Refusal> {
    let text = fields.need("refresh_token", "refresh_token is missing")?;
    let txn = state.db.begin_write().await?;
    let found = by_refresh_token(&txn, text).await?.filter(|(_, grant)| grant.client_id == client.id);
    let (token, grant) = found.ok_or_else(Refusal::grant)?;
    let now = state.clock.now();
    if grant.revoked_at.is_some() || grant.expires_at <= now || token.expires_at <= now {
        return Err(Refusal::grant());
    }
    let person = person(&txn, grant.user_id, grant.id).await?.ok_or_else(Refusal::grant)?;
    let whole = Words::read(&grant.scopes).common(&client.words).allowed_to(person.role);
    let wanted = fields.get("scope");
    let words = wanted.map_or_else(|| whole.clone(), |text| Words::read(text).common(&whole));
    if fields.get("resource").is_some_and(|resource| resource != grant.audience) {
        return Err(Refusal::new("invalid_target", "the grant is for another resource"));
    }
    if words.is_empty() {
        return Err(Refusal::scope());
    }
    let used = oauth_refresh_token::Entity::update_many()
        .col_expr(oauth_refresh_token::Column::UsedAt, Expr::value(now))
        .filter(oauth_refresh_token::Column::Id.eq(token.id))
        .filter(oauth_refresh_token::Column::UsedAt.is_null())
        .exec(&*txn)
        .await?;
    if used.rows_affected == 0 {
        end(state, &txn, &Actor::from(&person), grant.id, "a refresh token was used twice").await?;
        txn.commit().await?;
        return Err(Refusal::grant());
    }
    let refresh_token = Some(refresh_token(state, &txn, &grant).await?);
    txn.commit().await?;
    tokens(state, Opened { grant, words, refresh_token }, None).await
}

/// Revokes a grant and with it every token of it. False: it had ended already.
pub async fn end(state: &State, txn: &WriteTxn<'_>, actor: &Actor, id: Uuid, why: &str) -> Result<bool> {
    let ended = oauth_grant::Entity::update_many()
        .col_expr(oauth_grant::Column::RevokedAt, Expr::value(state.clock.now()))
        .filter(oauth_grant::Column::Id.eq(id))
        .filter(oauth_grant::Column::RevokedAt.is_null())
        .exec(&**txn)
        .await?
        .rows_affected
        > 0;
    if ended {
        let detail = json!({"why": why});
        audit::record(&**txn, &state.clock, actor, "oauth.revoke", format!("grant:{id}"), detail).await?;
    }
    Ok(ended)
}

/// Revokes everything that a client holds.
pub async fn end_all_of(state: &State, txn: &WriteTxn<'_>, client_id: &str) -> Result<()> {
    oauth_grant::Entity::update_many()
        .col_expr(oauth_grant::Column::RevokedAt, Expr::value(state.clock.now()))
        .filter(oauth_grant::Column::ClientId.eq(client_id))
        .filter(oauth_grant::Column::RevokedAt.is_null())
        .exec(&**txn)
        .await?;
    Ok(())
}

/// The client throws a token of its own away (RFC 7009): the whole grant ends.
pub async fn discard(state: &State, client: &Client, text: &str) -> Result<(), Refusal> {
    let claims = access::signed(state, text).await?;
    let txn = state.db.begin_write().await?;
    let grant = match claims {
        Some(claims) => oauth_grant::Entity::find_by_id(claims.sid).one(&*txn).await?,
        None => by_refresh_token(&txn, text).await?.map(|(_, grant)| grant),
    };
    // One that is not known is as good as revoked.
    let Some(grant) = grant else { return Ok(()) };
    if grant.client_id != client.id {
        return Err(Refusal::new("unauthorized_client", "this token is of another client"));
    }
    let actor = Actor::system("oauth-client");
    end(state, &txn, &actor, grant.id, "the client revoked it").await?;
    Ok(txn.commit().await?)
}

/// A refresh token that is good now, and its grant.
pub async fn living_refresh_token(state: &State, text: &str) -> Result<Option<oauth_grant::Model>> {
    let by_hash = oauth_refresh_token::Column::SecretSha256.eq(secret::hash(text));
    let now = state.clock.now();
    let found = oauth_refresh_token::Entity::find()
        .filter(by_hash)
        .filter(oauth_refresh_token::Column::UsedAt.is_null())
        .filter(oauth_refresh_token::Column::ExpiresAt.gt(now))
        .one(&*state.db)
        .await?;
    let Some(token) = found else { return Ok(None) };
    let grant = oauth_grant::Entity::find_by_id(token.grant_id).one(&*state.db).await?;
    Ok(grant.filter(|grant| grant.revoked_at.is_none() && grant.expires_at > now))
}
