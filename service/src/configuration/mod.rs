//! Releases as configuration of proxies: what the pure renderers need to know of a release, out of
//! the database. Knows no format from within.
pub mod http;
pub mod view;

use crate::{
    auth::{FilterAccess, ReleaseAccess},
    capability_urls::{self, key, warn::day},
    error::{Error, Field, Result},
    modules::{standing, stopped},
    registry, releases,
    state::State,
};
use std::sync::OnceLock;
use tamis_entities::{
    release,
    value::{FormKind, PluginType, ReleaseState, Sha256},
};
use tamis_formats::{Format, ModuleUrl, Options, Point, Refusal, Release, Rendered};

/// One format of a release, ready to paste or what stands in its way.
pub struct Offer {
    pub format: Format,
    pub rendered: Result<Rendered, Vec<Refusal>>,
}

/// Every format that has a place for such a release, without further choices.
pub async fn offers(state: &State, access: &FilterAccess, release: &release::Model) -> Result<Vec<Offer>> {
    let release = describe(state, access, release, None).await?;
    let offer = |format: &Format| Offer {
        format: *format,
        rendered: tamis_formats::render(*format, &release, &Options::default()),
    };
    Ok(fitting(release.point).iter().map(offer).collect())
}

/// One of them.
pub async fn offer(
    state: &State,
    access: &FilterAccess,
    release: &release::Model,
    format: Format,
) -> Result<Offer> {
    let release = describe(state, access, release, None).await?;
    Ok(Offer { format, rendered: tamis_formats::render(format, &release, &Options::default()) })
}

/// The formats that have a place for a module of this kind.
pub fn fitting(point: Option<Point>) -> Vec<Format> {
    let fits = |format: &&Format| point.is_none_or(|point| format.points().contains(&point));
    Format::ALL.iter().filter(fits).copied().collect()
}

pub async fn render(
    state: &State,
    found: &ReleaseAccess,
    format: Format,
    options: &Options,
) -> Result<Rendered> {
    let named = options.capability_url.as_deref();
    let release = describe(state, &found.access, &found.release, named).await?;
    tamis_formats::render(format, &release, options).map_err(refused)
}

pub fn refused(refusals: Vec<Refusal>) -> Error {
    let field = |r: Refusal| Field { field: r.field, message: r.message };
    Error::invalid_fields(refusals.into_iter().map(field).collect())
}

async fn describe(
    state: &State,
    access: &FilterAccess,
    release: &release::Model,
    capability_url: Option<&str>,
) -> Result<Release> {
    let insider = access.relation.is_insider() || access.relation.reviews;
    let metadata = releases::shown_metadata(release, insider);
    // The bytes may be public by another release; an image is pulled from this one's repository.
    let public = matches!(release.state, ReleaseState::Published | ReleaseState::Yanked);
    let module_url = module_url(state, access, release, capability_url).await?;
    let stopped = match module_url {
        Some(_) => None,
        None => stopped::of(state, access.caller.identity(), &release.sha256).await?,
    };
    Ok(Release {
        namespace: access.namespace.handle.to_string(),
        filter: access.filter.name.to_string(),
        version: release.version.to_string(),
        point: metadata.plugin_type.map(point),
        root_id: metadata.root_id.clone(),
        environment_keys: metadata.environment_keys.to_vec(),
        sample: metadata.config_sample.clone(),
        schema: metadata.config_schema.clone(),
        sample_fits: OnceLock::new(),
        module: release.sha256.hex().to_owned(),
        manifest: manifest(state, release).await?,
        server: state.public_url.clone(),
        module_url,
        stopped: stopped.map(|stopped| stopped.words()),
        public,
    })
}

/// The address for everyone if everyone may have it, else that of a capability URL.
async fn module_url(
    state: &State,
    access: &FilterAccess,
    release: &release::Model,
    name: Option<&str>,
) -> Result<Option<ModuleUrl>> {
    if name.is_none() && standing::is_served(state, &release.sha256).await? {
        return Ok(Some(ModuleUrl { url: raw(state, &release.sha256), secret: None }));
    }
    let Some(row) = capability_urls::for_release(state, access, release, name).await? else {
        return Ok(None);
    };
    // It opens nothing then.
    if stopped::is_stopped(state, &release.sha256).await? {
        return Ok(None);
    }
    let secret = Some((row.name.to_string(), day(row.expires_at)));
    Ok(Some(ModuleUrl { url: key::url(state, &row)?, secret }))
}

/// What a proxy is given for a module that anyone may have.
pub fn raw(state: &State, sha256: &Sha256) -> String {
    format!("{}/modules/sha256/{}.wasm", state.public_url, sha256.hex())
}

/// The manifest that Istio and Envoy Gateway read, once the release has one.
async fn manifest(state: &State, release: &release::Model) -> Result<Option<String>> {
    let forms = registry::forms::of(state, release.id).await?;
    let image = forms.into_iter().find(|(kind, _)| *kind == FormKind::Compat);
    Ok(image.and_then(|(_, digest)| Some(digest.strip_prefix("sha256:")?.to_owned())))
}

pub fn point(declared: PluginType) -> Point {
    match declared {
        PluginType::Http => Point::Http,
        PluginType::Network => Point::Network,
        PluginType::Service => Point::Service,
    }
}
