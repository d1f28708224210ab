//! One seed filter, parsed from its files.

use crate::catalog::{SHA256SUMS, Source};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Debug)]
pub struct SeedFilter {
    pub name: String,
    pub title: String,
    pub summary: String,
    pub plugin_type: PluginType,
    pub root_id: String,
    pub version: String,
    /// An SPDX licence expression.
    pub licence: String,
    /// Markdown.
    pub readme: &'static str,
    /// JSON Schema 2020-12.
    pub config_schema: Value,
    pub config_sample: Value,
    pub labels: Vec<String>,
    pub categories: Vec<String>,
    pub source_repository: Option<String>,
    /// Variables of the VM's environment that the filter may read.
    pub environment_keys: Vec<String>,
    pub examples: Vec<Example>,
    pub module: &'static [u8],
    /// The module's digest in lower-case hex, as recorded when it was built.
    pub sha256: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PluginType {
    Http,
    Network,
    Service,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Example {
    pub title: String,
    pub description: String,
    pub configuration: Value,
}

#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error("seed filter {name}: filter.toml: {source}")]
    Manifest { name: &'static str, source: toml::de::Error },
    #[error("seed filter {name}: {part}: {source}")]
    Json { name: &'static str, part: &'static str, source: serde_json::Error },
    #[error("seed filter {name}: modules/SHA256SUMS has no line for it; run seed/build")]
    NoDigest { name: &'static str },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    name: String,
    title: String,
    summary: String,
    #[serde(rename = "type")]
    plugin_type: PluginType,
    root_id: String,
    version: String,
    licence: String,
    labels: Vec<String>,
    categories: Vec<String>,
    source_repository: Option<String>,
    environment_keys: Vec<String>,
    examples: Vec<ManifestExample>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestExample {
    title: String,
    description: String,
    configuration: String,
}

impl PluginType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Network => "network",
            Self::Service => "service",
        }
    }
}

impl SeedFilter {
    pub(crate) fn parse(source: &Source) -> Result<Self, SeedError> {
        let name = source.name;
        let manifest: Manifest =
            toml::from_str(source.manifest).map_err(|source| SeedError::Manifest { name, source })?;
        Ok(Self {
            examples: manifest
                .examples
                .into_iter()
                .map(|example| example.parse(name))
                .collect::<Result<_, _>>()?,
            config_schema: parse_json(name, "config.schema.json", source.config_schema)?,
            config_sample: parse_json(name, "sample.json", source.config_sample)?,
            sha256: recorded_digest(name).ok_or(SeedError::NoDigest { name })?,
            name: manifest.name,
            title: manifest.title,
            summary: manifest.summary,
            plugin_type: manifest.plugin_type,
            root_id: manifest.root_id,
            version: manifest.version,
            licence: manifest.licence,
            readme: source.readme,
            labels: manifest.labels,
            categories: manifest.categories,
            source_repository: manifest.source_repository,
            environment_keys: manifest.environment_keys,
            module: source.module,
        })
    }
}

impl ManifestExample {
    fn parse(self, name: &'static str) -> Result<Example, SeedError> {
        let configuration = parse_json(name, "examples", &self.configuration)?;
        Ok(Example { title: self.title, description: self.description, configuration })
    }
}

fn parse_json(name: &'static str, part: &'static str, text: &str) -> Result<Value, SeedError> {
    serde_json::from_str(text).map_err(|source| SeedError::Json { name, part, source })
}

/// Lines are `<hex>  <file>`; those that start with `#` record the toolchain.
fn recorded_digest(name: &str) -> Option<&'static str> {
    SHA256SUMS
        .lines()
        .filter_map(|line| line.split_once("  "))
        .find_map(|(digest, file)| (file.strip_suffix(".wasm") == Some(name)).then_some(digest))
}
