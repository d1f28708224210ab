//! The line to one target: requests through the guarded client, each noted without what is secret, each answer
//! read as success, as trouble that passes, or as a refusal. Knows no kind of target.
use super::{
    hidden::{Hidden, READ},
    lease::Held,
};
use crate::{
    config::DeployArgs,
    error::{Error, Result},
    state::State,
};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tamis_entities::{target, value::Timestamp};
use tamis_outbound::{
    Client, Guard, Limits, Method, OutboundError, Reply, SystemResolver, Url,
    header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER},
    parse_url,
};

/// The longest that a target may ask us to wait.
const MOST_PATIENCE: Duration = Duration::from_secs(3600);
/// A turn with a target ends after this, so that many share the workers.
pub const TURN: Duration = Duration::from_secs(8);
/// What a target has to say about itself fits into this.
pub const ANSWER: u64 = 1024 * 1024;

pub fn client(outbound: &Client, args: &DeployArgs) -> Client {
    let answer = Duration::from_millis(args.target_timeout_ms);
    let limits = Limits {
        connect: answer.min(Duration::from_secs(5)),
        total: answer,
        idle: answer,
        max_bytes: ANSWER,
        ..outbound.limits().clone()
    };
    outbound.with_limits(limits)
}

/// The same without the guard: for the one address that the operator vouches for by naming it, our own.
pub fn own(outbound: &Client, args: &DeployArgs) -> Client {
    let everywhere = ["0.0.0.0/0", "::/0"].iter().filter_map(|net| net.parse().ok()).collect();
    let limits = client(outbound, args).limits().clone();
    let agent = concat!("tamis/", env!("CARGO_PKG_VERSION"));
    Client::new(Guard::new(everywhere), limits, Arc::new(SystemResolver), agent)
}

/// What is to be done after a try that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The target is away or busy: later, and nothing else for it before.
    Later,
    /// It will not take this, however often it is asked.
    Never,
    /// Somebody else looks after the target now.
    Lost,
}

/// Why a target did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    pub next: Next,
    pub status: Option<u16>,
    /// For people: what is so, and what to do.
    pub words: String,
    /// How long it asked us to wait.
    pub wait: Option<Duration>,
    /// It answered with more than was to be read.
    pub oversized: bool,
}

impl Failure {
    pub fn later(words: impl Into<String>) -> Self {
        Self { next: Next::Later, status: None, words: words.into(), wait: None, oversized: false }
    }

    pub fn never(words: impl Into<String>) -> Self {
        Self { next: Next::Never, ..Self::later(words) }
    }

    pub fn lost() -> Self {
        Self { next: Next::Lost, ..Self::later("another server looks after this target now") }
    }
}

/// Our own trouble is no fault of the target's.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        tracing::warn!(%error, cause = error.cause(), "a deployment was held up on our side");
        Self::later(format!("on our side: {}", error.detail()))
    }
}

pub struct Line<'a> {
    pub state: &'a State,
    pub target: &'a target::Model,
    /// Whoever changes something there must still be the one who looks after it.
    pub held: Option<&'a Held>,
    base: Url,
    pub hidden: Hidden,
    pub exchanges: Vec<Value>,
    pub status: Option<u16>,
}

/// One request.
pub struct Ask {
    pub method: Method,
    /// Below the target's URL; empty: exactly that.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Option<String>,
    /// The path of the target itself is a secret, as that of a webhook often is.
    pub hide_path: bool,
    /// Who is not signed in there is led to a page for people, or gets one.
    pub login: bool,
    /// The longest answer that is read, if it may be a long one.
    pub most: Option<u64>,
}

impl Ask {
    pub fn new(method: Method, path: impl Into<String>, headers: HeaderMap) -> Self {
        let (body, path) = (None, path.into());
        Self { method, path, headers, body, hide_path: false, login: false, most: None }
    }
}

impl<'a> Line<'a> {
    pub fn open(state: &'a State, target: &'a target::Model, held: Option<&'a Held>) -> Result<Self> {
        let base = parse_url(&target.url).map_err(|e| Error::invalid("url", e.to_string()))?;
        let mut hidden = Hidden::default();
        hidden.add_address(&base);
        Ok(Self { state, target, held, base, hidden, exchanges: vec![], status: None })
    }

    /// The credential that was stored for this target and this origin.
    pub fn secret(&mut self, sealed: &target::Sealed) -> Result<String> {
        let secret = self.state.sealer.open(&super::place(self.target), sealed)?;
        self.hidden.add(&secret);
        Ok(secret)
    }

    fn url(&self, path: &str) -> Result<Url, Failure> {
        let whole = match path.is_empty() {
            true => return Ok(self.base.clone()),
            false => format!("{}{path}", self.base.as_str().trim_end_matches('/')),
        };
        parse_url(&whole).map_err(|e| Failure::never(format!("the target's URL cannot be used: {e}")))
    }

    /// One request, and its answer if it is a good one.
    pub async fn ask(&mut self, ask: Ask) -> Result<Reply, Failure> {
        let url = self.url(&ask.path)?;
        if let Some(held) = self.held.filter(|_| ask.method != Method::GET) {
            held.renew(self.state).await?.then_some(()).ok_or_else(Failure::lost)?;
        }
        let (begun, at) = (Instant::now(), self.state.clock.now());
        let shown_path = if ask.hide_path { "/…" } else { ask.path.as_str() };
        let line = format!("{} {shown_path}", ask.method);
        let request = json!({"line": line, "headers": self.hidden.heads(&ask.headers)});
        let client = &self.state.targets;
        let client = match ask.most {
            Some(max_bytes) => client.with_limits(Limits { max_bytes, ..client.limits().clone() }),
            None => client.clone(),
        };
        let sent = client.request(ask.method, &url, ask.headers, ask.body.map(Into::into)).await;
        let mut noted = json!({"at": at, "request": request});
        noted["millis"] = json!(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
        let outcome = match sent {
            Ok(reply) => {
                self.status = Some(reply.status.as_u16());
                noted["status"] = json!(reply.status.as_u16());
                noted["reply"] = self.hidden.heads(&reply.headers);
                self.judge(reply, at, ask.login)
            }
            Err(error) => Err(self.away(&error, ask.login)),
        };
        if let Err(failure) = &outcome {
            noted["error"] = json!(failure.words);
        }
        self.exchanges.push(noted);
        outcome
    }

    fn judge(&self, reply: Reply, now: Timestamp, login: bool) -> Result<Reply, Failure> {
        let status = reply.status;
        let failure = |next, words: String| Failure {
            next,
            status: Some(status.as_u16()),
            words,
            wait: retry_after(&reply.headers, now),
            oversized: false,
        };
        let said = || {
            let first = &reply.body[..reply.body.len().min(READ)];
            let said = self.hidden.shown(String::from_utf8_lossy(first).trim());
            if said.is_empty() { said } else { format!(": {said}") }
        };
        match status.as_u16() {
            200..300 if login && is_html(&reply.headers) => Err(failure(Next::Later, login_page())),
            200..300 => Ok(reply),
            401 | 403 if !login => {
                let words = format!("the receiver answered {status}{}; does it have the secret?", said());
                Err(failure(Next::Later, words))
            }
            401 | 403 => {
                let words = format!(
                    "the server answered {status}: the credential stored here is not good there (any more); store a new one"
                );
                Err(failure(Next::Later, words))
            }
            408 | 425 | 429 | 500.. => {
                Err(failure(Next::Later, format!("the server answered {status}{}", said())))
            }
            _ => Err(failure(Next::Never, format!("the server refused it with {status}{}", said()))),
        }
    }

    fn away(&mut self, error: &OutboundError, login: bool) -> Failure {
        self.status = None;
        match error {
            // Where unauthenticated requests are led.
            OutboundError::Redirect { .. } if login => Failure::later(login_page()),
            OutboundError::TooLarge { .. } => {
                Failure { oversized: true, ..Failure::later(error.to_string()) }
            }
            OutboundError::InvalidUrl { .. } => Failure::never(error.to_string()),
            _ => Failure::later(self.hidden.shown(&error.to_string())),
        }
    }
}

fn login_page() -> String {
    "not signed in: the server leads us to a login page; store a token that is good there, and the provider that it is of".into()
}

fn is_html(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).is_some_and(|t| t.starts_with("text/html"))
}

fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let span = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => Duration::from_micros(u64::try_from(http_date(text)?.0 - now.0).unwrap_or_default()),
    };
    Some(span.min(MOST_PATIENCE))
}

fn http_date(text: &str) -> Option<Timestamp> {
    let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    Some(Timestamp(date.timestamp_micros()))
}

/// Seconds by which the clock of whoever answered is ahead.
pub fn skew(headers: &HeaderMap, now: Timestamp) -> Option<i64> {
    let theirs = http_date(headers.get(DATE)?.to_str().ok()?)?;
    Some((theirs.0 - now.0).div_euclid(1_000_000))
}

/// The body as JSON; a server that answers something else is none of this kind.
pub fn json_of(reply: &Reply) -> Result<Value, Failure> {
    serde_json::from_slice(&reply.body).map_err(|_| Failure {
        status: Some(reply.status.as_u16()),
        ..Failure::later(
            "the server answered something that is no JSON: is this the URL of a Meshery Server?",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_both_forms_and_bounded() {
        let now = Timestamp(1_792_000_000_000_000);
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(of("2"), Some(Duration::from_secs(2)));
        assert_eq!(of("9999999"), Some(MOST_PATIENCE));
        assert_eq!(of("soon"), None);
        let in_a_minute = now.plus(Duration::from_secs(60)).http_date();
        assert_eq!(of(&in_a_minute), Some(Duration::from_secs(60)));
        assert_eq!(of("Mon, 01 Jan 2001 00:00:00 GMT"), Some(Duration::ZERO));
    }
}
