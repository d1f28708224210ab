//! Reading and verifying an identity token (a JWT, RFC 7519, in compact form). Strict: what the
//! providers never send is refused rather than understood. Knows no network and no database.
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};
use std::time::Duration;
use tamis_entities::value::Timestamp;

/// Why a token is refused; says nothing that its sender does not know.
pub type Refusal = &'static str;

pub const LONGEST: usize = 16 * 1024;
/// A token is for now: however long it says it lives, this is the end.
pub const OLDEST: Duration = Duration::from_secs(3600);
/// How far the issuer's clock may be ahead of ours.
const AHEAD: Duration = Duration::from_secs(60);

/// One of an issuer's keys.
#[derive(Clone)]
pub struct Key {
    pub id: String,
    pub algorithm: Algorithm,
    pub key: DecodingKey,
}

/// A field given twice is an error here, as in every struct that serde reads.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    typ: Option<String>,
    // Ways to bring one's own key, or to change what the signature is over.
    crit: Option<IgnoredAny>,
    jwk: Option<IgnoredAny>,
    jku: Option<IgnoredAny>,
    x5u: Option<IgnoredAny>,
    x5c: Option<IgnoredAny>,
    zip: Option<IgnoredAny>,
    enc: Option<IgnoredAny>,
    b64: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Registered {
    iss: String,
    aud: Audience,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// A token that says all that it must, and whose signature nobody has looked at.
pub struct Unverified<'a> {
    message: &'a str,
    signature: &'a str,
    pub algorithm: Algorithm,
    pub key_id: String,
    registered: Registered,
    claims: Map<String, Value>,
}

/// What the issuer says.
pub struct Verified {
    pub issuer: String,
    audience: Audience,
    pub id: String,
    /// After this it would be refused by its age alone.
    pub over_at: Timestamp,
    pub claims: Map<String, Value>,
}

impl Verified {
    /// Made for this audience and for no other, who could show it here in turn.
    pub fn is_for(&self, audience: &str) -> bool {
        match &self.audience {
            Audience::One(one) => one == audience,
            Audience::Many(all) => matches!(all.as_slice(), [one] if one == audience),
        }
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| "it is no JWT: its parts are not base64url")
}

pub fn read(token: &str, now: Timestamp) -> Result<Unverified<'_>, Refusal> {
    let not_a_jwt = "it is no JWT of three parts";
    if token.len() > LONGEST {
        return Err("it is longer than 16 KiB");
    }
    let (message, signature) = token.rsplit_once('.').ok_or(not_a_jwt)?;
    let (header, body) = message.split_once('.').ok_or(not_a_jwt)?;
    if body.contains('.') || [header, body, signature].iter().any(|part| part.is_empty()) {
        return Err(not_a_jwt);
    }
    let (algorithm, key_id) = read_header(&decode(header)?)?;
    let body = decode(body)?;
    let registered: Registered = serde_json::from_slice(&body).map_err(
        |_| "it lacks one of iss, aud, exp, nbf, iat and jti, or has it in another form than RFC 7519 gives it",
    )?;
    let claims = serde_json::from_slice(&body).map_err(|_| "its claims are not a JSON object")?;
    check(&registered, now)?;
    Ok(Unverified { message, signature, algorithm, key_id, registered, claims })
}

fn read_header(bytes: &[u8]) -> Result<(Algorithm, String), Refusal> {
    let header: Header = serde_json::from_slice(bytes).map_err(|_| "its header has no `alg` or no `kid`")?;
    let Header { alg, kid, typ, crit, jwk, jku, x5u, x5c, zip, enc, b64 } = header;
    if [crit, jwk, jku, x5u, x5c, zip, enc, b64].iter().any(Option::is_some) {
        return Err("its header has one of crit, jwk, jku, x5u, x5c, zip, enc and b64, which nobody needs");
    }
    if typ.is_some_and(|typ| !typ.eq_ignore_ascii_case("jwt")) {
        return Err("its header says that it is something else than a JWT");
    }
    let algorithm = match alg.as_str() {
        "RS256" => Algorithm::RS256,
        "ES256" => Algorithm::ES256,
        "EdDSA" => Algorithm::EdDSA,
        _ => return Err("its algorithm is none of RS256, ES256 and EdDSA"),
    };
    if kid.is_empty() || kid.len() > 200 {
        return Err("its `kid` has not 1 to 200 characters");
    }
    Ok((algorithm, kid))
}

fn seconds(time: i64) -> Timestamp {
    Timestamp(time.saturating_mul(1_000_000))
}

fn check(claims: &Registered, now: Timestamp) -> Result<(), Refusal> {
    if seconds(claims.exp) <= now || seconds(claims.iat).plus(OLDEST) <= now {
        return Err("it has expired, or was made more than an hour ago");
    }
    let soon = now.plus(AHEAD);
    if seconds(claims.nbf) > soon || seconds(claims.iat) > soon {
        return Err("it is not valid yet");
    }
    if claims.jti.is_empty() || claims.jti.len() > 500 || claims.jti.contains('\0') {
        return Err("its `jti` has not 1 to 500 characters");
    }
    Ok(())
}

impl Unverified<'_> {
    /// Whose keys to ask for.
    pub fn issuer(&self) -> &str {
        &self.registered.iss
    }

    pub fn verify(self, key: &Key) -> Result<Verified, Refusal> {
        let refused = "its signature is not that of its issuer's key";
        if key.id != self.key_id || key.algorithm != self.algorithm {
            return Err(refused);
        }
        let good = crypto::verify(self.signature, self.message.as_bytes(), &key.key, self.algorithm);
        if !matches!(good, Ok(true)) {
            return Err(refused);
        }
        let Registered { iss, aud, exp, iat, jti, .. } = self.registered;
        let over_at = seconds(exp).min(seconds(iat).plus(OLDEST));
        Ok(Verified { issuer: iss, audience: aud, id: jti, over_at, claims: self.claims })
    }
}
