//! Importing by URL: fetch through the guarded client, unpack, and upload like anyone else.
pub mod http;

use crate::{
    auth::{Caller, access},
    config::ServeArgs,
    error::{Error, Kind, Result},
    filters::change::MetadataChange,
    modules::spool::{self, Spooled},
    releases::{self, Uploaded},
    state::State,
};
use serde::Deserialize;
use std::{path::PathBuf, sync::Arc, time::Duration};
use tamis_entities::value::{Sha256, Slug, Version};
use tamis_outbound::{
    Client, Guard, Limits, OutboundError, SystemResolver, UnboxError, parse_url,
    source::{GithubHosts, Hint, locate},
    unbox::unbox,
};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    /// A wasm file, a gzip or tar of it (name an entry with `#path/in/archive.wasm`), or a
    /// link to a file, directory or release asset on GitHub.
    #[schema(
        max_length = 2048,
        example = "https://github.com/acme/header-guard/releases/download/v1.0.0/header_guard.wasm"
    )]
    pub url: String,
    pub namespace: Slug,
    pub filter: Slug,
    pub version: Version,
    /// The SHA-256 that the module must have, unpacked.
    pub sha256: Option<Sha256>,
}

pub fn client(serve: &ServeArgs) -> Result<Client> {
    let limits = Limits {
        total: Duration::from_secs(120),
        max_bytes: serve.max_module_bytes.saturating_mul(2),
        max_unpacked: serve.max_module_bytes.saturating_mul(8),
        ..Limits::default()
    };
    let guard = Guard::new(serve.allow_networks.clone());
    let agent = concat!("tamis/", env!("CARGO_PKG_VERSION"));
    Ok(Client::new(guard, limits, Arc::new(SystemResolver), agent))
}

struct Temporary(PathBuf);

impl Temporary {
    /// From here on somebody else removes it.
    fn given(mut self) -> PathBuf {
        std::mem::take(&mut self.0)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub async fn import(state: &State, caller: Caller, request: ImportRequest) -> Result<Uploaded> {
    // The right to write there first: nobody makes us fetch for nothing.
    let target = access::target(state, caller, &request.namespace, &request.filter).await?;
    let spooled = fetch(state, &request.url).await?;
    if let Some(expected) = &request.sha256
        && *expected != spooled.sha256
    {
        let detail = format!("what came has the digest {}", spooled.sha256.digest());
        return Err(Error::new(Kind::Upstream, "digest-mismatch", detail));
    }
    releases::upload(state, target, &request.version, spooled, MetadataChange::default()).await
}

/// The one module that is there, unpacked. Ask first whether whoever wants it may do anything with it.
async fn fetch(state: &State, url: &str) -> Result<Spooled> {
    let (fetched, hint) = download(state, url).await?;
    Ok(unpack(state, &fetched, hint).await?.map_err(unpack_refusal)?.spooled)
}

/// A module, and its path in the directory or archive that it was in.
pub struct Found {
    pub path: Option<String>,
    pub spooled: Spooled,
}

/// All that a link to a directory on GitHub leads to, of anything else the one module that it is.
pub async fn fetch_all(state: &State, url: &str) -> Result<Vec<Found>> {
    let (fetched, hint) = download(state, url).await?;
    let hint = Hint { every: hint.wrapped, ..hint };
    let paths = match unpack(state, &fetched, hint.clone()).await? {
        Ok(one) => return Ok(vec![one]),
        Err(UnboxError::Ambiguous { candidates, total }) if hint.every => match candidates.len() {
            all if all == total as usize => candidates,
            most => {
                let detail = format!("{total} modules are there; link to a directory with at most {most}");
                return Err(Error::new(Kind::Upstream, "unpack-failed", detail));
            }
        },
        Err(error) => return Err(unpack_refusal(error)),
    };
    let mut all = vec![];
    for path in paths {
        let one = Hint { entry: Some(path), ..hint.clone() };
        all.push(unpack(state, &fetched, one).await?.map_err(unpack_refusal)?);
    }
    Ok(all)
}

async fn download(state: &State, url: &str) -> Result<(Temporary, Hint)> {
    let url = parse_url(url).map_err(refusal)?;
    let located = locate(&url, &GithubHosts::new([state.serve.github_url.clone()]));
    let fetched = Temporary(spool::new_path(state));
    let _turn = state.transfers.acquire().await.map_err(|e| Error::internal(e.to_string()))?;
    let (_, hint) = state.outbound.fetch_source(&located, &fetched.0).await.map_err(refusal)?;
    Ok((fetched, hint))
}

async fn unpack(state: &State, fetched: &Temporary, hint: Hint) -> Result<Result<Found, UnboxError>> {
    let unpacked = Temporary(spool::new_path(state));
    let limits =
        Limits { max_unpacked: state.outbound.limits().max_unpacked, ..state.outbound.limits().clone() };
    let (from, to) = (fetched.0.clone(), unpacked.0.clone());
    let inside = hint.wrapped || hint.entry.is_some();
    let path = match tokio::task::spawn_blocking(move || unbox(&from, &to, &hint, &limits)).await? {
        Ok(unboxed) => unboxed.name.filter(|_| inside),
        Err(error) => return Ok(Err(error)),
    };
    let spooled = spool::adopt(unpacked.given()).await?;
    match spooled.size > state.serve.max_module_bytes {
        true => Err(spool::too_large(state.serve.max_module_bytes)),
        false => Ok(Ok(Found { path, spooled })),
    }
}

fn refusal(error: OutboundError) -> Error {
    if error.is_out_of_space() {
        return Error::full(error.to_string());
    }
    match &error {
        OutboundError::InvalidUrl { .. } => Error::invalid("url", error.to_string()),
        OutboundError::RefusedAddress { .. } => {
            Error::new(Kind::Upstream, "address-refused", error.to_string())
        }
        OutboundError::TooLarge { .. } => Error::new(Kind::TooLarge, "module-too-large", error.to_string()),
        OutboundError::Io(_) => Error::internal(error.to_string()),
        _ => Error::new(Kind::Upstream, "fetch-failed", error.to_string()),
    }
}

fn unpack_refusal(error: UnboxError) -> Error {
    match &error {
        UnboxError::Io(io)
            if matches!(io.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) =>
        {
            Error::full(error.to_string())
        }
        UnboxError::Io(_) => Error::internal(error.to_string()),
        UnboxError::TooLarge { .. } => Error::new(Kind::TooLarge, "module-too-large", error.to_string()),
        _ => Error::new(Kind::Upstream, "unpack-failed", error.to_string()),
    }
}
