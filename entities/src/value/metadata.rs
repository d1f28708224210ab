//! What people say about a release, and the hash that an approval is bound to.
use super::{PluginType, Sha256, Slug, Version};
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The release-level fields: copied from the filter's defaults at upload, editable while
/// the release is a draft, changed by a review once it is published.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema, FromJsonQueryResult)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ReleaseMetadata)]
pub struct Metadata {
    /// Where in Envoy the module is meant to run; absent means undeclared.
    #[serde(rename = "type")]
    pub plugin_type: Option<PluginType>,
    /// Passed to the module as `plugin_root_id`.
    #[schema(max_length = 256)]
    pub root_id: Option<String>,
    /// An SPDX licence expression, e.g. `Apache-2.0 OR MIT`.
    #[schema(example = "Apache-2.0", max_length = 256)]
    pub licence: Option<String>,
    /// Markdown.
    #[schema(max_length = 262144)]
    pub readme: Option<String>,
    /// JSON Schema of the plugin configuration.
    pub config_schema: Option<serde_json::Value>,
    /// A configuration that works.
    pub config_sample: Option<serde_json::Value>,
    /// The commit that the module was built from.
    #[schema(max_length = 128)]
    pub source_commit: Option<String>,
    /// Environment variables that the module reads.
    #[schema(max_items = 64)]
    pub environment_keys: Vec<String>,
    #[schema(max_items = 32)]
    pub examples: Vec<Example>,
}

/// A usage example, shown with the filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UsageExample)]
pub struct Example {
    #[schema(max_length = 200)]
    pub title: String,
    #[schema(max_length = 16384)]
    pub body: String,
}

/// Claims of an identity token and the one text that each must have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Claims(pub std::collections::BTreeMap<String, String>);

/// Where a cloned release came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, FromJsonQueryResult)]
#[schema(as = ReleaseLineage)]
pub struct Lineage {
    pub namespace: Slug,
    pub filter: Slug,
    pub version: Version,
}

/// The snapshot that was approved, which is what the catalog shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Approved {
    pub revision: Sha256,
    pub summary: String,
    pub icon: Option<String>,
    pub metadata: Metadata,
}

/// One reason why a review deserves a closer look, and how much it weighs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RiskAddend)]
pub struct Addend {
    pub id: String,
    pub label: String,
    pub points: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Addends(pub Vec<Addend>);

/// A list of short texts in one JSON column, for showing, never for filtering.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Strings(pub Vec<String>);

/// The hash of everything about a release, besides its bytes, that a curator approves.
pub fn revision(metadata: &Metadata, summary: &str, icon: Option<&str>) -> Sha256 {
    // Field order is the struct's and object keys are sorted, so equal values hash equal.
    let mut value = serde_json::json!({ "metadata": metadata, "summary": summary, "icon": icon });
    value.sort_all_objects();
    Sha256::of(value.to_string().as_bytes())
}
