//! From a name to addresses: the seam where tests put their own answers. Answers are only
//! candidates; whether one may be used is the guard's matter.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;

pub type Resolving = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

pub trait Resolve: Send + Sync + 'static {
    fn resolve(&self, host: &str) -> Resolving;
}

/// The machine's own resolver (hosts file, DNS), as every other program here sees names.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str) -> Resolving {
        let host = host.to_owned();
        Box::pin(async move {
            let answer = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(answer.map(|address| address.ip()).collect())
        })
    }
}
