//! Every seed filter does in a real Envoy what its README says, and refuses the
//! configurations that it says it refuses.
#![cfg(feature = "engines")]

mod access;
mod everyone;
mod headers;
mod limits;
mod services;
mod upstream;

use anyhow::Context;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tamis_e2e::envoy::{Bootstrap, Code, Envoy, Plugin};
use tamis_seed::SeedFilter;
use tempfile::TempDir;

/// The secret of every token in these tests, as long as HS256 asks for.
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A seed filter whose module lies in a file, as an operator would have it.
struct Module {
    directory: TempDir,
    filter: SeedFilter,
}

impl Module {
    fn new(name: &str) -> anyhow::Result<Self> {
        let found = tamis_seed::filters()?.into_iter().find(|filter| filter.name == name);
        let filter = found.with_context(|| format!("no seed filter {name}"))?;
        let directory = TempDir::new()?;
        std::fs::write(directory.path().join("filter.wasm"), filter.module)?;
        Ok(Self { directory, filter })
    }

    fn plugin(&self) -> Plugin {
        let code = Code::File(self.directory.path().join("filter.wasm"));
        Plugin { root_id: self.filter.root_id.clone(), ..Plugin::new(&self.filter.name, code) }
    }
}

/// An Envoy with one HTTP seed filter in front of `upstream`, or of its own answer "direct".
async fn http(name: &str, config: Value, upstream: Option<SocketAddr>) -> anyhow::Result<Envoy> {
    let module = Module::new(name)?;
    let filter = module.plugin().configured(config).http_filter();
    Envoy::start(&Bootstrap::new().http("http", vec![filter], upstream)).await
}

fn client() -> anyhow::Result<reqwest::Client> {
    // A connection of its own each time: some tests look at connections.
    Ok(tamis_e2e::client::http().no_proxy().pool_max_idle_per_host(0).build()?)
}

/// A request with these headers, and what came back.
async fn get(envoy: &Envoy, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Answer> {
    send(envoy, reqwest::Method::GET, path, headers).await
}

async fn send(
    envoy: &Envoy,
    method: reqwest::Method,
    path: &str,
    headers: &[(&str, &str)],
) -> anyhow::Result<Answer> {
    let mut request = client()?.request(method, envoy.url("http", path)?);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
}

struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| String::from_utf8_lossy(&self.body).into_owned())
    }

    /// The status, and the code that a seed filter gives in a refusal.
    fn refusal(&self) -> anyhow::Result<(u16, String)> {
        let body = self.json()?;
        let code = body["error"].as_str().with_context(|| format!("no error code in {body}"))?;
        Ok((self.status, code.to_owned()))
    }
}

/// A token signed by an implementation that is not the filters' own.
fn token(claims: &Value, secret: &str) -> anyhow::Result<String> {
    let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
    Ok(format!("Bearer {}", jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &key)?))
}

/// A point in time, seconds from now, for `exp` and `nbf`.
fn seconds_from_now(seconds: i64) -> anyhow::Result<Value> {
    #[allow(clippy::disallowed_methods, reason = "Envoy compares with the real time")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(json!(i64::try_from(now.as_secs())? + seconds))
}
