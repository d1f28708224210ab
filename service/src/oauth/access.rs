//! Access tokens: ES256 JWT of the type `at+jwt` (RFC 9068), and what they are worth at our doors.
//! The signature only says that we made it; whether it is good still is in the database.
use super::{ACCESS_LIFE, words::Words};
use crate::{
    auth::{
        Caller, Identity,
        identity::{Via, by_credential},
    },
    error::{Error, Result},
    state::State,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::sync::Arc;
use tamis_entities::{oauth_grant, value::Timestamp};
use uuid::Uuid;

pub const TYPE: &str = "at+jwt";
/// Longer than any that we make, with room to spare.
const LONGEST: usize = 8 * 1024;
/// Seconds that clocks may differ by.
const LEEWAY: u64 = 5;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    /// The user.
    pub sub: Uuid,
    /// One audience: ours, or that of one resource server.
    pub aud: String,
    pub client_id: String,
    pub scope: String,
    pub jti: Uuid,
    pub iat: u64,
    pub exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    pub auth_time: u64,
    /// The grant that it came of.
    pub sid: Uuid,
}

/// The header that we write. Whatever else a header may say (`jwk`, `jku`, `x5u`, `x5c`, `crit`, `zip`,
/// a name twice) we never wrote.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    alg: String,
    typ: String,
    kid: String,
}

pub fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.0 / 1_000_000).unwrap_or(0)
}

impl Claims {
    pub fn new(state: &State, grant: &oauth_grant::Model, words: &Words) -> Self {
        let now = state.clock.now();
        let exp = seconds(std::cmp::min(now.plus(ACCESS_LIFE), grant.expires_at));
        Self {
            iss: state.public_url.clone(),
            sub: grant.user_id,
            aud: grant.audience.clone(),
            client_id: grant.client_id.clone(),
            scope: words.to_string(),
            jti: Uuid::now_v7(),
            iat: seconds(now),
            exp,
            nbf: None,
            auth_time: seconds(grant.auth_time),
            sid: grant.id,
        }
    }

    fn is_current(&self, now: u64) -> bool {
        self.exp.saturating_add(LEEWAY) > now
            && self.iat <= now.saturating_add(LEEWAY)
            && self.nbf.is_none_or(|nbf| nbf <= now.saturating_add(LEEWAY))
    }
}

fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// The claims of a token that we signed, be it over already.
pub async fn signed(state: &State, text: &str) -> Result<Option<Claims>> {
    let claims: Option<Claims> = signed_as(state, text, TYPE).await?;
    Ok(claims.filter(|claims| claims.iss == state.public_url))
}

/// The same of another type of token; who issued it and whom it is for is not looked at.
pub async fn signed_as<T: DeserializeOwned>(state: &State, text: &str, kind: &str) -> Result<Option<T>> {
    if text.len() > LONGEST {
        return Ok(None);
    }
    let mut parts = text.split('.');
    let (Some(head), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Ok(None);
    };
    let Some(known) = part::<Head>(head).filter(|head| head.alg == "ES256" && head.typ == kind) else {
        return Ok(None);
    };
    let keys = state.oauth.keys.current(state).await?;
    let Some(key) = keys.verifier(&known.kid) else { return Ok(None) };
    let message = &text[..head.len() + 1 + claims.len()];
    let good = jsonwebtoken::crypto::verify(signature, message.as_bytes(), key, Algorithm::ES256);
    Ok(if good.unwrap_or(false) { part(claims) } else { None })
}

/// A token that is good now, whoever it is for, and who it speaks for.
pub async fn living(state: &State, text: &str) -> Result<Option<(Claims, Identity)>> {
    let Some(claims) = signed(state, text).await? else { return Ok(None) };
    if !claims.is_current(seconds(state.clock.now())) {
        return Ok(None);
    }
    let who = speaks_for(state, &claims).await?;
    Ok(who.map(|who| (claims, who)))
}

/// The caller that a token stands for at our own doors.
pub async fn caller(state: &State, text: &str) -> Result<Caller> {
    let found = living(state, text).await?.filter(|(claims, _)| claims.aud == state.public_url);
    let (_, who) =
        found.ok_or_else(|| Error::unauthenticated("this token is not known, has expired or was revoked"))?;
    Ok(Caller(Some(Arc::new(who))))
}

/// Grant, user and teams in one statement: nobody if the grant is over or revoked, or the user disabled.
async fn speaks_for(state: &State, claims: &Claims) -> Result<Option<Identity>> {
    use oauth_grant::Column::{Id, UserId};
    let found = by_credential::<_, oauth_grant::Entity>(&*state.db, Id, claims.sid, UserId).await?;
    let Some((grant, owner)) = found else { return Ok(None) };
    let good = grant.user_id == claims.sub
        && grant.client_id == claims.client_id
        && grant.revoked_at.is_none()
        && grant.expires_at > state.clock.now();
    let carried = Words::read(&claims.scope).scopes();
    Ok(if good { owner.with(Via::OAuth(grant.id), Some(&carried), None) } else { None })
}
