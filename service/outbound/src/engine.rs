//! The HTTP engine behind the client: how `reqwest` is tied to the guard, and how its errors
//! become ours. The resolver it is given hands out checked addresses only, so what was checked
//! is what is connected to; there is no second look-up in between.

use std::error::Error as StdError;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use reqwest::dns::{Addrs, Name, Resolve as EngineResolve, Resolving as EngineResolving};
use url::{Host, Url};

use crate::error::{OutboundError, cause};
use crate::guard::{Guard, Refusal};
use crate::limits::Limits;
use crate::resolve::Resolve;

pub(crate) struct Engine {
    pub(crate) guard: Arc<Guard>,
    pub(crate) limits: Limits,
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) user_agent: String,
    pub(crate) roots: Vec<reqwest::Certificate>,
    plain: OnceLock<reqwest::Client>,
    secure: OnceLock<reqwest::Client>,
}

/// A name without any address, told apart from a resolver that failed.
#[derive(Debug, thiserror::Error)]
#[error("it has no address")]
struct NoAddress;

struct GuardedResolver {
    guard: Arc<Guard>,
    inner: Arc<dyn Resolve>,
}

impl EngineResolve for GuardedResolver {
    fn resolve(&self, name: Name) -> EngineResolving {
        let guard = Arc::clone(&self.guard);
        let answer = self.inner.resolve(name.as_str());
        Box::pin(async move {
            let addresses = answer.await?;
            // One refused address refuses the name: whoever answers with a mixture is either
            // misconfigured or hoping that the second attempt goes inside.
            for address in &addresses {
                guard.check(*address)?;
            }
            if addresses.is_empty() {
                return Err(NoAddress.into());
            }
            let sockets = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(sockets) as Addrs)
        })
    }
}

impl Engine {
    pub(crate) fn new(
        guard: Arc<Guard>,
        limits: Limits,
        resolver: Arc<dyn Resolve>,
        user_agent: String,
        roots: Vec<reqwest::Certificate>,
    ) -> Self {
        Self { guard, limits, resolver, user_agent, roots, plain: OnceLock::new(), secure: OnceLock::new() }
    }

    /// Addresses written into the URL never reach a resolver, so they are judged here; so are
    /// the names that mean this machine wherever they are asked (RFC 6761, section 6.3).
    pub(crate) fn check_literal(&self, url: &Url) -> Result<(), OutboundError> {
        let address = match url.host() {
            Some(Host::Ipv4(v4)) => v4.into(),
            Some(Host::Ipv6(v6)) => v6.into(),
            Some(Host::Domain(name)) if is_localhost(name) => Ipv4Addr::LOCALHOST.into(),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(OutboundError::invalid("it names no host")),
        };
        self.guard.check(address).map_err(|refusal| refused(url, refusal))
    }

    pub(crate) fn check_peer(&self, url: &Url, address: IpAddr) -> Result<(), OutboundError> {
        self.guard.check(address).map_err(|refusal| refused(url, refusal))
    }

    /// Plain http must work on a machine without any root certificate, and such a machine must
    /// still start: hence two engines, each made at its first use.
    pub(crate) fn http(&self, url: &Url) -> Result<&reqwest::Client, OutboundError> {
        let secure = url.scheme() == "https";
        let slot = if secure { &self.secure } else { &self.plain };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let builder = self.builder();
        let builder = if secure {
            builder.tls_certs_merge(self.roots.iter().cloned())
        } else {
            builder.tls_certs_only([])
        };
        let client = builder.build().map_err(|error| OutboundError::Tls {
            host: host_of(url),
            reason: format!("{} (are root certificates installed here?)", innermost(&error)),
        })?;
        Ok(slot.get_or_init(|| client))
    }

    fn builder(&self) -> reqwest::ClientBuilder {
        let resolver = GuardedResolver { guard: Arc::clone(&self.guard), inner: Arc::clone(&self.resolver) };
        reqwest::Client::builder()
            .dns_resolver(Arc::new(resolver))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            // A proxy would connect for us, to addresses that nobody here has checked.
            .no_proxy()
            .referer(false)
            .http1_only()
            .pool_max_idle_per_host(0)
            .connect_timeout(self.limits.connect)
            .user_agent(&self.user_agent)
    }

    /// Names the cause of a failed request by what lies at the bottom of the error chain.
    pub(crate) fn explain(&self, url: &Url, error: &reqwest::Error) -> OutboundError {
        if let Some(refusal) = cause::<Refusal>(error) {
            return refused(url, *refusal);
        }
        let host = host_of(url);
        let reason = innermost(error);
        if let Some(tls) = cause::<rustls::Error>(error) {
            return OutboundError::Tls { host, reason: tls.to_string() };
        }
        if error.is_timeout() {
            return OutboundError::Timeout { host, phase: "connecting", after: self.limits.connect };
        }
        if error.is_dns() {
            return OutboundError::Resolve { host, reason };
        }
        if error.is_connect() {
            return OutboundError::Connect { host, reason };
        }
        if error.is_builder() {
            return OutboundError::invalid(reason);
        }
        OutboundError::Body { reason }
    }
}

fn refused(url: &Url, refusal: Refusal) -> OutboundError {
    OutboundError::RefusedAddress { host: host_of(url), address: refusal.address, class: refusal.class }
}

fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

pub(crate) fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// The last message of a chain: the one that tells a person something.
fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
