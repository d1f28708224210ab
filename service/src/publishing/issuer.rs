//! An issuer's keys: found by OpenID Connect Discovery through the guarded client, kept for ten
//! minutes. Knows nothing of filters; asks only issuers that somebody has put their trust in.
use super::identity_token::Key;
use crate::{
    clock::Clock,
    error::{Error, Kind, Result},
};
use ipnet::IpNet;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{Deserialize, de::DeserializeOwned};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tamis_entities::value::Timestamp;
use tamis_outbound::{Client, Limits, Method, OutboundError, StatusCode, Url, header::HeaderMap, parse_url};
use tokio::sync::Mutex as Turn;

const FRESH: Duration = Duration::from_secs(600);
/// The soonest that an issuer is asked again: unknown key ids cost nobody more than that.
const PAUSE: Duration = Duration::from_secs(30);
const MOST_ISSUERS: usize = 200;
const MOST_KEYS: usize = 50;

#[derive(Default)]
struct Known {
    keys: Vec<Key>,
    asked_at: Option<Timestamp>,
    /// Whether the last answer was good.
    good: bool,
}

pub struct Issuers {
    client: Client,
    clock: Clock,
    /// Where an issuer may be without TLS: the operator has vouched for these networks.
    vouched: Vec<IpNet>,
    known: Mutex<HashMap<String, Arc<Turn<Known>>>>,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

/// RFC 7517, as far as public signature keys go.
#[derive(Deserialize)]
struct Jwk {
    kid: String,
    kty: String,
    alg: Option<String>,
    r#use: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwk {
    fn key(self) -> Option<Key> {
        let crv = self.crv.as_deref();
        let (algorithm, name, key) = match (self.kty.as_str(), crv) {
            ("RSA", None) => {
                (Algorithm::RS256, "RS256", DecodingKey::from_rsa_components(&self.n?, &self.e?).ok()?)
            }
            ("EC", Some("P-256")) => {
                (Algorithm::ES256, "ES256", DecodingKey::from_ec_components(&self.x?, &self.y?).ok()?)
            }
            ("OKP", Some("Ed25519")) => {
                (Algorithm::EdDSA, "EdDSA", DecodingKey::from_ed_components(&self.x?).ok()?)
            }
            _ => return None,
        };
        let for_it = self.alg.is_none_or(|a| a == name) && self.r#use.is_none_or(|u| u == "sig");
        for_it.then_some(Key { id: self.kid, algorithm, key })
    }
}

impl Issuers {
    pub fn new(client: &Client, clock: Clock, vouched: Vec<IpNet>) -> Self {
        let limits = Limits {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(10),
            idle: Duration::from_secs(5),
            max_bytes: 256 * 1024,
            ..Limits::default()
        };
        Self { client: client.with_limits(limits), clock, vouched, known: Mutex::default() }
    }

    /// Whether it is an issuer, and answers as one.
    pub async fn check(&self, issuer: &str) -> Result<()> {
        self.fetch(issuer).await.map(|_| ())
    }

    /// The key of this id, if the issuer has it.
    pub async fn key(&self, issuer: &str, id: &str) -> Result<Option<Key>> {
        let entry = self.entry(issuer);
        // One fetch at a time; whoever comes meanwhile waits for its outcome.
        let mut known = entry.lock().await;
        let now = self.clock.now();
        let find = |known: &Known| known.keys.iter().find(|key| key.id == id).cloned();
        let within =
            |span: Duration| known.asked_at.is_some_and(|at| at.plus(span) > now && at <= now.plus(PAUSE));
        let fresh = known.good && within(FRESH);
        if fresh && let Some(key) = find(&known) {
            return Ok(Some(key));
        }
        if within(PAUSE) {
            return match known.good {
                true => Ok(find(&known)),
                false => {
                    Err(Error::new(Kind::Upstream, "fetch-failed", "the issuer did not answer a moment ago"))
                }
            };
        }
        known.asked_at = Some(now);
        let fetched = self.fetch(issuer).await;
        known.good = fetched.is_ok();
        known.keys = fetched?;
        Ok(find(&known))
    }

    fn entry(&self, issuer: &str) -> Arc<Turn<Known>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_ISSUERS && !known.contains_key(issuer) {
            known.clear();
        }
        known.entry(issuer.to_owned()).or_default().clone()
    }

    async fn fetch(&self, issuer: &str) -> Result<Vec<Key>> {
        let at = self.place(issuer)?;
        let discovery = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let found: Discovery = self.get(&parse_url(&discovery).map_err(refusal)?).await?;
        if found.issuer != issuer {
            let detail = format!("it calls itself `{}`; name it exactly so", found.issuer.escape_debug());
            return Err(Error::invalid("issuer", detail));
        }
        let keys_at = parse_url(&found.jwks_uri).map_err(refusal)?;
        if keys_at.origin() != at.origin() {
            return Err(Error::invalid("issuer", "its keys lie on another host, which is not asked"));
        }
        let set: KeySet = self.get(&keys_at).await?;
        let key = |value| serde_json::from_value::<Jwk>(value).ok()?.key();
        let keys: Vec<Key> = set.keys.into_iter().take(MOST_KEYS).filter_map(key).collect();
        match keys.is_empty() {
            true => Err(Error::invalid("issuer", "it has no key for RS256, ES256 or EdDSA with a `kid`")),
            false => Ok(keys),
        }
    }

    /// https, so that nobody on the way gives us other keys; plain http only at an address that
    /// the operator has vouched for.
    fn place(&self, issuer: &str) -> Result<Url> {
        let url = parse_url(issuer).map_err(refusal)?;
        let address = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
        let vouched = address.is_some_and(|ip| self.vouched.iter().any(|net| net.contains(&ip)));
        let exact = url.as_str().trim_end_matches('/') == issuer.trim_end_matches('/');
        if !exact || issuer.len() > 500 || url.query().is_some() || url.fragment().is_some() {
            return Err(Error::invalid(
                "issuer",
                "a URL as the issuer writes it, without query and fragment",
            ));
        }
        if url.scheme() != "https" && !vouched {
            return Err(Error::invalid("issuer", "an https URL"));
        }
        Ok(url)
    }

    async fn get<T: DeserializeOwned>(&self, url: &Url) -> Result<T> {
        let reply = self.client.request(Method::GET, url, HeaderMap::new(), None).await.map_err(refusal)?;
        let failed = |why: String| Error::new(Kind::Upstream, "fetch-failed", format!("the issuer {why}"));
        if reply.status != StatusCode::OK {
            return Err(failed(format!("answered {} at {}", reply.status, url.path())));
        }
        serde_json::from_slice(&reply.body)
            .map_err(|_| failed(format!("did not answer with the document expected at {}", url.path())))
    }
}

fn refusal(error: OutboundError) -> Error {
    match &error {
        OutboundError::InvalidUrl { .. } => Error::invalid("issuer", error.to_string()),
        OutboundError::RefusedAddress { .. } => {
            Error::new(Kind::Upstream, "address-refused", error.to_string())
        }
        _ => Error::new(Kind::Upstream, "fetch-failed", error.to_string()),
    }
}
