//! Devices without a browser (RFC 8628): the device polls with a secret, the person types eight
//! letters elsewhere and says yes or no.
use super::{
    DEVICE_LIFE, authorize,
    client::Client,
    form::Fields,
    grant::{self, Opening, Tokens},
    refusal::Refusal,
    words::{Word, Words},
};
use crate::{
    audit::{self, Actor},
    auth::{Identity, secret},
    clock,
    db::WriteTxn,
    error::Result,
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde::Serialize;
use serde_json::json;
use std::time::Duration;
use tamis_entities::{
    oauth_device_code as row,
    value::{OauthGrantType, Timestamp},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// No vowels, so no words; nothing that looks like another letter (RFC 8628 section 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const POLL_SECONDS: i64 = 5;

/// What the device shows and keeps (RFC 8628 section 3.2).
#[derive(Serialize, ToSchema)]
pub struct DeviceAuthorization {
    pub device_code: String,
    #[schema(example = "BCDF-GHJK")]
    pub user_code: String,
    pub verification_uri: String,
    pub verification_uri_complete: String,
    /// Seconds.
    pub expires_in: u64,
    /// Seconds between two polls.
    pub interval: i64,
}

fn letters() -> Result<String> {
    let mut code = String::with_capacity(9);
    while code.len() < 9 {
        for byte in clock::random::<16>()? {
            if code.len() == 4 {
                code.push('-');
            }
            // 240 is the largest multiple of 20 in a byte: no letter comes more often than another.
            if byte < 240 && code.len() < 9 {
                code.push(char::from(LETTERS[usize::from(byte % 20)]));
            }
        }
    }
    Ok(code)
}

/// What a person typed, as we write it; None if it cannot be a code.
pub fn user_code(typed: &str) -> Option<String> {
    if typed.len() > 64 {
        return None;
    }
    let letters: String =
        typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let known = letters.len() == 8 && letters.bytes().all(|b| LETTERS.contains(&b));
    known.then(|| format!("{}-{}", &letters[..4], &letters[4..]))
}

pub async fn begin(state: &State, client: &Client, fields: &Fields) -> Result<DeviceAuthorization, Refusal> {
    if !client.uses(OauthGrantType::DeviceCode) {
        return Err(Refusal::new("unauthorized_client", "this client is not registered for devices"));
    }
    let words = authorize::wanted(client, fields)?;
    let audience = authorize::audience(state, client, fields)?;
    let (device, user) = (secret::fresh("")?, letters()?);
    let now = state.clock.now();
    let waiting = row::ActiveModel {
        id: Set(Uuid::now_v7()),
        secret_sha256: Set(device.sha256),
        user_code_sha256: Set(secret::hash(&user)),
        client_id: Set(client.id.clone()),
        scopes: Set(words.to_string()),
        audience: Set(audience),
        poll_seconds: Set(POLL_SECONDS),
        polled_at: Set(None),
        user_id: Set(None),
        approved_at: Set(None),
        denied_at: Set(None),
        auth_time: Set(None),
        grant_id: Set(Uuid::now_v7()),
        created_at: Set(now),
        expires_at: Set(now.plus(DEVICE_LIFE)),
        used_at: Set(None),
    };
    let txn = state.db.begin_write().await?;
    row::Entity::insert(waiting).exec_without_returning(&*txn).await?;
    txn.commit().await?;
    let verification_uri = format!("{}/device", state.public_url);
    Ok(DeviceAuthorization {
        device_code: device.text,
        verification_uri_complete: format!("{verification_uri}?user_code={user}"),
        verification_uri,
        user_code: user,
        expires_in: DEVICE_LIFE.as_secs(),
        interval: POLL_SECONDS,
    })
}

/// The device that waits under this code, for the person to decide on.
pub async fn waiting(state: &State, user_code: &str) -> Result<Option<row::Model>> {
    let found = row::Entity::find()
        .filter(row::Column::UserCodeSha256.eq(secret::hash(user_code)))
        .filter(row::Column::ExpiresAt.gt(state.clock.now()))
        .filter(row::Column::ApprovedAt.is_null())
        .filter(row::Column::DeniedAt.is_null());
    Ok(found.one(&*state.db).await?)
}

/// False: somebody has decided already, or it is too late.
pub async fn decide(
    state: &State,
    who: &Identity,
    waiting: &row::Model,
    auth_time: Timestamp,
    yes: bool,
) -> Result<bool> {
    let now = state.clock.now();
    let decided = if yes { row::Column::ApprovedAt } else { row::Column::DeniedAt };
    let txn = state.db.begin_write().await?;
    let done = row::Entity::update_many()
        .col_expr(decided, Expr::value(now))
        .col_expr(row::Column::UserId, Expr::value(who.id))
        .col_expr(row::Column::AuthTime, Expr::value(auth_time))
        .filter(row::Column::Id.eq(waiting.id))
        .filter(row::Column::ApprovedAt.is_null())
        .filter(row::Column::DeniedAt.is_null())
        .filter(row::Column::ExpiresAt.gt(now))
        .exec(&*txn)
        .await?;
    if done.rows_affected == 0 {
        return Ok(false);
    }
    let detail = json!({"client": waiting.client_id, "allowed": yes, "scopes": waiting.scopes});
    let object = format!("grant:{}", waiting.grant_id);
    audit::record(&*txn, &state.clock, &Actor::from(who), "oauth.device", object, detail).await?;
    txn.commit().await?;
    Ok(true)
}

/// A poll of the device.
pub async fn redeem(state: &State, client: &Client, fields: &Fields) -> Result<Tokens, Refusal> {
    let text = fields.need("device_code", "device_code is missing")?;
    let txn = state.db.begin_write().await?;
    let by_hash = row::Column::SecretSha256.eq(secret::hash(text));
    let found = row::Entity::find().filter(by_hash).one(&*txn).await?;
    let found = found.filter(|device| device.client_id == client.id).ok_or_else(Refusal::grant)?;
    let now = state.clock.now();
    if found.denied_at.is_some() {
        return Err(Refusal::new("access_denied", "the person said no"));
    }
    if found.expires_at <= now && found.used_at.is_none() {
        return Err(Refusal::new("expired_token", "nobody let the device in in time; begin again"));
    }
    let (Some(user), Some(auth_time)) = (found.user_id, found.auth_time) else {
        let refusal = pace(&txn, &found, now).await?;
        txn.commit().await?;
        return Err(refusal);
    };
    let used = row::Entity::update_many()
        .col_expr(row::Column::UsedAt, Expr::value(now))
        .filter(row::Column::Id.eq(found.id))
        .filter(row::Column::UsedAt.is_null())
        .exec(&*txn)
        .await?;
    if used.rows_affected == 0 {
        let actor = Actor::system("oauth");
        grant::end(state, &txn, &actor, found.grant_id, "a device code was used twice").await?;
        txn.commit().await?;
        return Err(Refusal::grant());
    }
    let who = grant::person(&txn, user, found.grant_id).await?.ok_or_else(Refusal::grant)?;
    let opening = Opening {
        id: found.grant_id,
        client,
        who: &who,
        kind: OauthGrantType::DeviceCode,
        words: Words::read(&found.scopes),
        audience: found.audience,
        auth_time,
    };
    let opened = grant::open(state, &txn, opening).await?;
    txn.commit().await?;
    grant::tokens(state, opened, None).await
}

/// Nobody has decided yet. Who asks too often must wait five seconds longer each time.
async fn pace(txn: &WriteTxn<'_>, found: &row::Model, now: Timestamp) -> Result<Refusal> {
    let seconds = u64::try_from(found.poll_seconds).unwrap_or(0);
    let too_soon = found.polled_at.is_some_and(|at| at.plus(Duration::from_secs(seconds)) > now);
    let next = found.poll_seconds + if too_soon { POLL_SECONDS } else { 0 };
    row::Entity::update_many()
        .col_expr(row::Column::PolledAt, Expr::value(now))
        .col_expr(row::Column::PollSeconds, Expr::value(next))
        .filter(row::Column::Id.eq(found.id))
        .exec(&**txn)
        .await?;
    Ok(match too_soon {
        true => Refusal::new("slow_down", "poll five seconds less often"),
        false => Refusal::new("authorization_pending", "nobody has decided yet; poll again"),
    })
}

/// What the device would get, beside staying connected.
pub fn shown(waiting: &row::Model, who: &Identity, client: &Client) -> Words {
    let words = Words::read(&waiting.scopes).common(&client.words).allowed_to(who.role);
    match client.uses(OauthGrantType::RefreshToken) {
        true => words.with(Word::OfflineAccess),
        false => words,
    }
}
