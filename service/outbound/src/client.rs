//! The guarded client: downloads that follow redirects hop by hop, and single requests that
//! follow none. Knows nothing of what is fetched or why, and keeps no credentials: what a
//! caller passes goes to the one origin it named.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Method, Response, StatusCode};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use url::Url;

use crate::engine::{Engine, host_of};
use crate::error::OutboundError;
use crate::guard::Guard;
use crate::limits::Limits;
use crate::resolve::Resolve;
use crate::source::{Hint, Located};
use crate::{redirect, weburl};

/// Cheap to clone. Safe to share: it has no state but its configuration.
#[derive(Clone)]
pub struct Client {
    engine: Arc<Engine>,
}

/// A finished download.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub final_url: Url,
    pub bytes: u64,
    /// Lower-case hex of the bytes as they came, before any unpacking.
    pub sha256: String,
    pub content_type: Option<String>,
}

/// An answer to a single request, whatever its status.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Client {
    pub fn new(guard: Guard, limits: Limits, resolver: Arc<dyn Resolve>, user_agent: &str) -> Self {
        let engine = Engine::new(Arc::new(guard), limits, resolver, user_agent.to_owned(), Vec::new());
        Self { engine: Arc::new(engine) }
    }

    /// The same client with other bounds, for callers whose answers are known to be small.
    pub fn with_limits(&self, limits: Limits) -> Self {
        let old = &self.engine;
        let engine = Engine::new(
            Arc::clone(&old.guard),
            limits,
            Arc::clone(&old.resolver),
            old.user_agent.clone(),
            old.roots.clone(),
        );
        Self { engine: Arc::new(engine) }
    }

    /// Trusts these PEM certificates besides the machine's own.
    pub fn with_roots(&self, pem: &[u8]) -> Result<Self, OutboundError> {
        let tls = |reason: String| OutboundError::Tls { host: "root certificates".to_owned(), reason };
        let roots = reqwest::Certificate::from_pem_bundle(pem).map_err(|error| tls(error.to_string()))?;
        if roots.is_empty() {
            return Err(tls("no certificate in the file".to_owned()));
        }
        let old = &self.engine;
        let engine = Engine::new(
            Arc::clone(&old.guard),
            old.limits.clone(),
            Arc::clone(&old.resolver),
            old.user_agent.clone(),
            [old.roots.as_slice(), &roots].concat(),
        );
        Ok(Self { engine: Arc::new(engine) })
    }

    pub fn limits(&self) -> &Limits {
        &self.engine.limits
    }

    /// Downloads to `dest`, which is replaced, and removed again if the download fails.
    pub async fn fetch_to_file(&self, url: &Url, dest: &Path) -> Result<Fetched, OutboundError> {
        let outcome = self.within_total(url, self.download(url, dest)).await;
        if outcome.is_err() {
            // Best effort: the caller's spool directory is swept anyway.
            let _ = tokio::fs::remove_file(dest).await;
        }
        outcome
    }

    /// Downloads the first candidate of a source link that exists.
    pub async fn fetch_source(
        &self,
        located: &Located,
        dest: &Path,
    ) -> Result<(Fetched, Hint), OutboundError> {
        let mut missing = None;
        for candidate in located.candidates() {
            match self.fetch_to_file(&candidate.url, dest).await {
                Ok(fetched) => return Ok((fetched, candidate.hint.clone())),
                Err(error @ OutboundError::Status { code: 404, .. }) => {
                    missing.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(missing.unwrap_or_else(|| OutboundError::invalid("it leads nowhere")))
    }

    /// One request to one origin. A redirect is an error, every other status an answer.
    pub async fn request(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Option<Body>,
    ) -> Result<Reply, OutboundError> {
        let exchange = async {
            let mut response = self.send(method, url, headers, body).await?;
            let status = response.status();
            if redirect::asks(status) {
                let reason = format!("{} answered {status}; this request follows none", host_of(url));
                return Err(OutboundError::Redirect { reason });
            }
            let headers = response.headers().clone();
            let mut body = Vec::new();
            let mut size = self.announced(&response)?;
            while let Some(piece) = self.piece(url, &mut response, &mut size).await? {
                body.extend_from_slice(&piece);
            }
            Ok(Reply { status, headers, body: body.into() })
        };
        self.within_total(url, exchange).await
    }

    async fn within_total<T>(
        &self,
        url: &Url,
        work: impl Future<Output = Result<T, OutboundError>>,
    ) -> Result<T, OutboundError> {
        let total = self.engine.limits.total;
        timeout(total, work).await.unwrap_or_else(|_| Err(late(url, "the whole transfer", total)))
    }

    async fn download(&self, url: &Url, dest: &Path) -> Result<Fetched, OutboundError> {
        let mut first = url.clone();
        first.set_fragment(None);
        let mut visited = vec![first];
        loop {
            let current = visited.last().unwrap_or(url).clone();
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            let response = self.send(Method::GET, &current, headers, None).await?;
            let status = response.status();
            if redirect::asks(status) {
                visited.push(redirect::next(&visited, response.headers(), self.engine.limits.max_redirects)?);
                continue;
            }
            if status != StatusCode::OK {
                return Err(OutboundError::Status { host: host_of(&current), code: status.as_u16() });
            }
            return self.save(current, response, dest).await;
        }
    }

    async fn save(&self, url: Url, mut response: Response, dest: &Path) -> Result<Fetched, OutboundError> {
        check_coding(response.headers())?;
        let content_type =
            response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut size = self.announced(&response)?;
        let mut file = tokio::io::BufWriter::with_capacity(64 << 10, tokio::fs::File::create(dest).await?);
        let mut hasher = Sha256::new();
        while let Some(piece) = self.piece(&url, &mut response, &mut size).await? {
            hasher.update(&piece);
            file.write_all(&piece).await?;
        }
        file.flush().await?;
        let sha256 = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Fetched { final_url: url, bytes: size, sha256, content_type })
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        mut headers: HeaderMap,
        body: Option<Body>,
    ) -> Result<Response, OutboundError> {
        weburl::check_parsed(url)?;
        self.engine.check_literal(url)?;
        // These frame the message or name the origin; both are the engine's to say.
        for name in ["host", "connection", "content-length", "transfer-encoding", "upgrade", "te"] {
            headers.remove(HeaderName::from_static(name));
        }
        let mut request = self.engine.http(url)?.request(method, url.clone()).headers(headers);
        if let Some(body) = body {
            request = request.body(body);
        }
        let patience = self.engine.limits.connect + self.engine.limits.idle;
        let response = timeout(patience, request.send())
            .await
            .map_err(|_| late(url, "waiting for an answer", patience))?
            .map_err(|error| self.engine.explain(url, &error))?;
        // A second lock on the door: if an address ever came past the checks above, nothing
        // that it says is used.
        match response.remote_addr() {
            Some(peer) => self.engine.check_peer(url, peer.ip())?,
            None => return Err(OutboundError::Body { reason: "the peer is unknown".to_owned() }),
        }
        tracing::debug!(host = %host_of(url), status = response.status().as_u16(), "outgoing request answered");
        Ok(response)
    }

    /// Refuses what calls itself too large; the count of bytes read starts at nought.
    fn announced(&self, response: &Response) -> Result<u64, OutboundError> {
        let limit = self.engine.limits.max_bytes;
        match response.content_length() {
            Some(length) if length > limit => Err(OutboundError::TooLarge { limit }),
            _ => Ok(0),
        }
    }

    async fn piece(
        &self,
        url: &Url,
        response: &mut Response,
        size: &mut u64,
    ) -> Result<Option<Bytes>, OutboundError> {
        let Limits { idle, max_bytes: limit, .. } = self.engine.limits;
        let piece = timeout(idle, response.chunk())
            .await
            .map_err(|_| late(url, "waiting for more of the answer", idle))?
            .map_err(|error| self.engine.explain(url, &error))?;
        if let Some(piece) = &piece {
            *size += piece.len() as u64;
            if *size > limit {
                return Err(OutboundError::TooLarge { limit });
            }
        }
        Ok(piece)
    }
}

/// gzip may stay on: unpacking finds it by its first bytes. Other codings would be stored as
/// gibberish.
fn check_coding(headers: &HeaderMap) -> Result<(), OutboundError> {
    for value in headers.get_all(CONTENT_ENCODING) {
        let coding = value.to_str().unwrap_or("unreadable").trim();
        if !["identity", "gzip", "x-gzip", ""].iter().any(|known| coding.eq_ignore_ascii_case(known)) {
            let reason = format!("it is sent with the content coding `{}`", coding.escape_default());
            return Err(OutboundError::Body { reason });
        }
    }
    Ok(())
}

fn late(url: &Url, phase: &'static str, after: Duration) -> OutboundError {
    OutboundError::Timeout { host: host_of(url), phase, after }
}
