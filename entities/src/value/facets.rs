//! What a filter of the catalog is found by and shares with many others.
use super::{PluginType, Sha256};
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Facets {
    #[serde(rename = "type")]
    pub plugin_type: Option<PluginType>,
    pub abi_version: Option<String>,
    /// Ids as in reports.
    pub capabilities: BTreeSet<String>,
    /// Generations of hosts that load the module: `envoy >=1.39`.
    pub hosts: BTreeSet<String>,
}

impl Facets {
    /// The name of facets that are written like this: equal ones have one name.
    pub fn id(text: &str) -> String {
        Sha256::of(text.as_bytes()).hex()[..32].to_owned()
    }
}
