//! The kind of plugin a module is. It is declared by its publisher: nothing in the bytes tells it
//! surely, because every SDK exports the callbacks of all kinds.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(as = VerificationPluginType))]
#[serde(rename_all = "snake_case")]
pub enum PluginType {
    Http,
    Network,
    Service,
}

impl PluginType {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Network => "network",
            Self::Service => "service",
        }
    }
}

/// What the publisher says about the module; the verifier only contradicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    pub plugin_type: Option<PluginType>,
}
