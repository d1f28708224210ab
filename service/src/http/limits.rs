//! How often a client may ask. Counted per credential, or per address where there is none, in
//! memory of a fixed size; each replica counts for itself. Bytes of modules are never counted.
use super::client;
use crate::{
    auth::{Identity, identity::Via, table::Rule},
    config::RateArgs,
    error::{Error, Result},
};
use actix_web::HttpRequest;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};
use std::{
    hash::{BuildHasher, Hash, RandomState},
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};
use uuid::Uuid;

/// How a route is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Bytes, health, metrics: never.
    Free,
    /// What makes a credential, or tries one: per address, slowly.
    SignIn,
    /// What a Meshery Server asks about a token that it carries, at each request of all of its people, from one
    /// address: counted by the handler, which finds the login.
    Carried,
    Api,
}

/// POSTs that are counted as `Class::SignIn`.
const SIGN_IN: &[&str] = &[
    "/sign-in/{secret}",
    "/oauth2/device_authorization",
    "/api/v1/tokens",
    "/api/v1/teams/{team}/robots/{robot}/tokens",
    "/api/v1/trusted-publishing/token",
    "/api/identity/tokens",
];

/// POSTs that are counted as `Class::Carried`.
const CARRIED: &[&str] = &["/introspect", "/refresh"];

pub fn class(rule: &Rule) -> Class {
    let free = ["/modules/", "/v2", "/health/", "/metrics"];
    // The keys of tokens are in memory, and who cannot read them logs everybody out.
    let keys = rule.path == "/keys";
    if keys || free.iter().any(|start| rule.path.starts_with(start)) || rule.path.ends_with("/module") {
        return Class::Free;
    }
    match rule.method {
        "POST" if SIGN_IN.contains(&rule.path) => Class::SignIn,
        "POST" if CARRIED.contains(&rule.path) => Class::Carried,
        _ => Class::Api,
    }
}

/// A rollout asks for so many more of the registry's tokens for nobody than people behind one address ask of
/// the API.
const TOKENS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// Cells of one counter: callers are spread over them by a secret hash, so that memory ends here
/// however many come. Two of a thousand busy ones share a cell in one process of four hundred.
const CELLS: u64 = 1 << 18;
/// After so many questions, cells of callers who have gone quiet are given back.
const SWEEP: u32 = 20_000;

struct Counter {
    limiter: DefaultKeyedRateLimiter<u64>,
    hasher: RandomState,
    asked: AtomicU32,
}

impl Counter {
    fn new(quota: Quota) -> Self {
        Self { limiter: RateLimiter::keyed(quota), hasher: RandomState::new(), asked: AtomicU32::new(0) }
    }

    fn ask(&self, key: impl Hash) -> Result<()> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.limiter.retain_recent();
        }
        let cell = self.hasher.hash_one(key) % CELLS;
        let wait = |until: governor::NotUntil<_>| until.wait_time_from(self.limiter.clock().now());
        self.limiter.check_key(&cell).map_err(|until| Error::rate_limited(wait(until)))
    }
}

pub struct Limits(Option<Counters>);

struct Counters {
    credential: Counter,
    address: Counter,
    sign_in: Counter,
    tokens: Counter,
}

impl Limits {
    pub fn new(set: &RateArgs) -> Self {
        if set.no_rate_limits {
            return Self(None);
        }
        let burst = |rate: NonZeroU32| rate.saturating_mul(NonZeroU32::MIN.saturating_add(1));
        let per_second = |rate| Counter::new(Quota::per_second(rate).allow_burst(burst(rate)));
        Self(Some(Counters {
            credential: per_second(set.rate_limit_signed_in),
            address: per_second(set.rate_limit_anonymous),
            sign_in: Counter::new(Quota::per_minute(set.rate_limit_sign_in)),
            tokens: per_second(set.rate_limit_anonymous.saturating_mul(TOKENS)),
        }))
    }

    /// Counts a request; `who` is known once their credential has been looked at.
    pub fn admit(&self, class: Class, request: &HttpRequest, who: Option<&Identity>) -> Result<()> {
        let Some(counters) = &self.0 else { return Ok(()) };
        match (class, who) {
            (Class::Free | Class::Carried, _) => Ok(()),
            (Class::SignIn, _) => counters.sign_in.ask(place(client::address(request))),
            (Class::Api, None) => counters.address.ask(place(client::address(request))),
            (Class::Api, Some(who)) => counters.credential.ask(credential(who)),
        }
    }

    /// Counts a token of the registry for nobody: what it opens is free, but each takes a signature.
    pub fn admit_token(&self, request: &HttpRequest) -> Result<()> {
        let Some(counters) = &self.0 else { return Ok(()) };
        counters.tokens.ask(place(client::address(request)))
    }

    /// Counts a request of `Class::Carried`: for the login that the token is of, or, if it is of none, for the
    /// address.
    pub fn admit_login(&self, request: &HttpRequest, login: Option<Uuid>) -> Result<()> {
        let Some(counters) = &self.0 else { return Ok(()) };
        match login {
            Some(id) => counters.credential.ask(id),
            None => counters.address.ask(place(client::address(request))),
        }
    }
}

fn credential(who: &Identity) -> Uuid {
    match who.via {
        Via::Token(id) | Via::Session(id) | Via::Publisher(id) | Via::OAuth(id) | Via::Meshery(id) => id,
        Via::Operator => who.id,
    }
}

/// An IPv6 host has a whole /64 to itself, and would else be as many clients as it likes.
fn place(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::table::RULES;

    #[test]
    fn bytes_are_free_and_what_makes_credentials_is_slow() {
        for rule in RULES {
            let class = class(rule);
            let bytes = rule.path.starts_with("/modules/") || rule.path.ends_with("/module");
            assert!(!bytes || class == Class::Free, "{}", rule.path);
        }
        for path in SIGN_IN.iter().chain(CARRIED) {
            assert!(RULES.iter().any(|r| r.method == "POST" && r.path == *path), "{path} is no route");
        }
    }

    #[test]
    fn memory_ends_however_many_come() {
        let counter = Counter::new(Quota::per_minute(NonZeroU32::MIN));
        for n in 0..CELLS * 4 {
            let _ = counter.ask(n);
        }
        assert!(counter.limiter.len() as u64 <= CELLS);
    }

    #[test]
    fn one_network_is_one_client() {
        let place = |text: &str| place(text.parse().unwrap());
        assert_eq!(place("2001:db8:1:2:3::4"), place("2001:db8:1:2:ffff::"));
        assert_ne!(place("2001:db8:1:2::"), place("2001:db8:1:3::"));
        assert_ne!(place("192.0.2.1"), place("192.0.2.2"));
    }
}
