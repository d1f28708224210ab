//! What a Meshery Server carries for a person: an RS256 JWT, and around it the wrapper that it keeps in a
//! cookie. The signature says that we made it; whether it is good still is in the database.
use crate::{
    error::{Error, Result},
    oauth::access::seconds,
    state::State,
};
use base64::{
    Engine, alphabet,
    engine::{
        DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig,
        general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use std::time::Duration;
use tamis_entities::{meshery_session, value::Timestamp};
use uuid::Uuid;

/// Meshery asks whether it is still good at each request of its own, so it may live long.
pub const ACCESS_LIFE: Duration = Duration::from_secs(12 * 3600);
/// Longer than any that we make, with room to spare.
const LONGEST: usize = 16 * 1024;
/// Seconds that clocks may differ by.
const LEEWAY: u64 = 5;

/// Standard alphabet, with padding or without.
pub const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    /// The user, by the id that Meshery knows.
    pub sub: Uuid,
    pub client_id: String,
    pub scp: Vec<String>,
    pub iat: u64,
    pub nbf: u64,
    pub exp: u64,
    pub jti: Uuid,
    /// The login that it came of.
    pub sid: Uuid,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    alg: String,
    typ: String,
    kid: String,
}

/// What stands in the cookie `token`; others write more into it.
#[derive(Deserialize)]
struct Wrapper {
    access_token: String,
    refresh_token: Option<String>,
}

fn encode<T: Serialize>(value: &T) -> Result<String> {
    let text = serde_json::to_string(value)?;
    // Every Meshery reads the claims with the other alphabet of base64. Of ASCII only these come out as `-`
    // and `_`, and where a JSON text has them, an escape says the same.
    let plain = text.replace('>', "\\u003e").replace('~', "\\u007e").replace('?', "\\u003f");
    let plain = plain.replace('\u{7f}', "\\u007f");
    Ok(URL_SAFE_NO_PAD.encode(plain))
}

/// A token that speaks for the person of this login, and when it ends.
pub async fn mint(
    state: &State,
    login: &meshery_session::Model,
    person: Uuid,
) -> Result<(String, Timestamp)> {
    let now = state.clock.now();
    let ends = now.plus(ACCESS_LIFE).min(login.expires_at);
    let set = state.meshery.keys.current(state).await?;
    let claims = Claims {
        iss: state.public_url.clone(),
        sub: person,
        client_id: "meshery".into(),
        scp: super::sessions::scopes().iter().map(|s| s.as_str().to_owned()).collect(),
        iat: seconds(now),
        nbf: seconds(now),
        exp: seconds(ends),
        jti: Uuid::new_v4(),
        sid: login.id,
    };
    let head = json!({"alg": "RS256", "kid": set.kid, "typ": "JWT"});
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(head.to_string()), encode(&claims)?);
    let signature = URL_SAFE_NO_PAD.encode(set.signer.sign(message.as_bytes())?);
    Ok((format!("{message}.{signature}"), ends))
}

pub fn wrap(jwt: &str, refresh: &str, ends: Timestamp) -> String {
    let wrapper = json!({"access_token": jwt, "token_type": "bearer", "refresh_token": refresh,
        "expiry": ends.to_string()});
    STANDARD_NO_PAD.encode(wrapper.to_string())
}

fn unwrap(text: &str) -> Option<Wrapper> {
    serde_json::from_slice(&LENIENT.decode(text).ok().filter(|_| text.len() <= LONGEST)?).ok()
}

/// The refresh token in a wrapper.
pub fn refresh_of(text: &str) -> Option<String> {
    unwrap(text)?.refresh_token
}

fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// The claims of a token that we signed, in its wrapper or without, be it over already.
pub async fn signed(state: &State, text: &str) -> Result<Option<Claims>> {
    if text.len() > LONGEST {
        return Ok(None);
    }
    let jwt = match text.contains('.') {
        true => text.to_owned(),
        false => match unwrap(text) {
            Some(wrapper) => wrapper.access_token,
            None => return Ok(None),
        },
    };
    let Some((message, signature)) = jwt.rsplit_once('.') else { return Ok(None) };
    let Some((head, claims)) = message.split_once('.') else { return Ok(None) };
    let Some(head) = part::<Head>(head).filter(|h| h.alg == "RS256" && h.typ == "JWT") else {
        return Ok(None);
    };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return Ok(None) };
    let keys = state.meshery.keys.current(state).await?;
    if !keys.verifier(&head.kid).is_some_and(|key| key.is_signed(message.as_bytes(), &signature)) {
        return Ok(None);
    }
    Ok(part::<Claims>(claims).filter(|claims| claims.iss == state.public_url))
}

/// The same, if it is not over.
pub async fn living(state: &State, text: &str) -> Result<Claims> {
    let now = seconds(state.clock.now());
    let current = |c: &Claims| c.exp.saturating_add(LEEWAY) > now && c.nbf <= now.saturating_add(LEEWAY);
    let refused = || Error::unauthenticated("this token is not known, has expired or was revoked");
    signed(state, text).await?.filter(current).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_claim_brings_a_letter_of_the_other_alphabet() {
        for n in 0..64 {
            let text = "~>?".repeat(20).chars().skip(n % 7).take(n).collect::<String>();
            let encoded = encode(&json!({"iss": text})).unwrap();
            assert!(!encoded.contains(['-', '_']), "{encoded}");
            let back: serde_json::Value = part(&encoded).unwrap();
            assert_eq!(back["iss"], text);
        }
    }
}
