//! A release as configuration of a proxy: rendered from values to text, pinned to the digest
//! that the reader of that text compares. Pure: knows no files, network, clock, database or HTTP.
mod bootstrap;
mod checks;
mod envoy;
mod gateway;
mod istio;
mod names;
mod options;
mod plan;
pub mod schema;
mod server;
mod yaml;

pub use options::{
    ApplyTo, CodeSource, FailurePolicy, Given, IstioPhase, Options, Point, TargetRef, TrafficMode,
};

use plan::Plan;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{fmt, str::FromStr, sync::OnceLock};

/// What is said of a release, and where it can be had.
#[derive(Clone, Debug)]
pub struct Release {
    pub namespace: String,
    pub filter: String,
    pub version: String,
    /// As declared.
    pub point: Option<Point>,
    pub root_id: Option<String>,
    pub environment_keys: Vec<String>,
    pub sample: Option<Value>,
    pub schema: Option<Value>,
    /// Whether the sample fits, once somebody has asked: the same for every format.
    pub sample_fits: OnceLock<schema::Outcome>,
    /// Lower-case hex of the module's bytes.
    pub module: String,
    /// Lower-case hex of the OCI manifest that Istio and Envoy Gateway read, once there is one.
    pub manifest: Option<String>,
    /// This server, as the proxy reaches it.
    pub server: String,
    /// Where the bytes can be fetched without credentials. None: nowhere yet.
    pub module_url: Option<ModuleUrl>,
    /// Why nobody gets the bytes by their digest, where somebody has stopped them.
    pub stopped: Option<String>,
    /// Anyone may pull it from its repository.
    pub public: bool,
}

#[derive(Clone, Debug)]
pub struct ModuleUrl {
    pub url: String,
    /// Of a capability URL: its name, and the day on which it ends.
    pub secret: Option<(String, String)>,
}

/// One field that cannot be, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub field: String,
    pub message: String,
}

impl Refusal {
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), message: message.into() }
    }
}

/// Ready to paste.
#[derive(Clone, Debug)]
pub struct Rendered {
    pub text: String,
    pub file_name: String,
    pub pin: Pin,
}

/// What the reader compares with what it fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    /// The module's bytes.
    Module(String),
    /// The OCI manifest that names them.
    Manifest(String),
    /// Nothing: it names no module.
    None,
}

macro_rules! formats {
    ($($(#[doc = $doc:literal])* $variant:ident = $word:literal, $title:literal);+ $(;)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        // The words again; the schema does not see a `rename` that comes out of a macro.
        #[serde(rename_all = "kebab-case")]
        pub enum Format { $($(#[doc = $doc])* $variant,)+ }

        impl Format {
            pub const ALL: &[Self] = &[$(Self::$variant),+];
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
            /// For people.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }
    };
}

formats!(
    /// A bootstrap that Envoy loads as it is.
    Envoy = "envoy", "Envoy";
    /// The filter and the cluster that it needs, for a configuration that is there already.
    EnvoyFilter = "envoy-filter", "Envoy, filter only";
    EnvoyCluster = "envoy-cluster", "Envoy, cluster only";
    /// The resource that a control plane or a file hands out.
    EnvoyEcds = "envoy-ecds", "Envoy, ECDS resource";
    /// A bootstrap that reads that resource from a file.
    EnvoyEcdsBootstrap = "envoy-ecds-bootstrap", "Envoy, bootstrap for ECDS";
    Istio = "istio", "Istio WasmPlugin";
    IstioTrafficExtension = "istio-traffic-extension", "Istio TrafficExtension";
    EnvoyGateway = "envoy-gateway", "Envoy Gateway";
);

impl FromStr for Format {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|format| format.as_str() == text).ok_or(())
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const PLUGIN: &[&str] =
    &["type", "name", "root_id", "configuration", "failure_policy", "environment_keys", "capability_url"];
const FETCH: &[&str] = &["vm_id", "cluster", "timeout_seconds", "ca_file"];
const BOOTSTRAP: &[&str] = &["listen", "admin", "upstream"];
const KUBERNETES: &[&str] = &["source", "namespace", "selector", "target_refs", "pull_secret"];
const MESH: &[&str] = &["apply_to", "phase", "priority", "match_mode", "match_ports"];

impl Format {
    /// The options that it can express, in groups.
    fn known(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Envoy => &[PLUGIN, FETCH, BOOTSTRAP],
            Self::EnvoyFilter | Self::EnvoyEcds => &[PLUGIN, FETCH],
            Self::EnvoyCluster => &[&["cluster", "ca_file"]],
            Self::EnvoyEcdsBootstrap => &[&["type", "name", "ecds_path", "cluster", "ca_file"], BOOTSTRAP],
            Self::Istio | Self::IstioTrafficExtension => &[PLUGIN, KUBERNETES, MESH],
            Self::EnvoyGateway => &[PLUGIN, KUBERNETES],
        }
    }

    /// Where in the proxy it can put a module.
    pub fn points(self) -> &'static [Point] {
        use Point::*;
        match self {
            Self::Envoy | Self::EnvoyFilter | Self::EnvoyCluster => &[Http, Network, Service, AccessLog],
            Self::EnvoyEcds | Self::EnvoyEcdsBootstrap | Self::Istio | Self::IstioTrafficExtension => {
                &[Http, Network]
            }
            Self::EnvoyGateway => &[Http],
        }
    }
}

/// The configuration, or everything that stands in its way.
pub fn render(format: Format, release: &Release, options: &Options) -> Result<Rendered, Vec<Refusal>> {
    let mut refusals = strangers(format, options);
    let plan = Plan::of(format, release, options, &mut refusals);
    let Some(plan) = plan.filter(|_| refusals.is_empty()) else { return Err(refusals) };
    let value = match format {
        Format::Envoy => bootstrap::whole(&plan),
        Format::EnvoyFilter => bootstrap::parts(&plan),
        Format::EnvoyCluster => envoy::cluster(&plan),
        Format::EnvoyEcds => bootstrap::resource(&plan),
        Format::EnvoyEcdsBootstrap => bootstrap::reading(&plan),
        Format::Istio => istio::wasm_plugin(&plan),
        Format::IstioTrafficExtension => istio::traffic_extension(&plan),
        Format::EnvoyGateway => gateway::extension_policy(&plan),
    };
    Ok(Rendered {
        text: yaml::write(&plan.comments(), &value),
        file_name: format!("{}-{}.{format}.yaml", release.filter, release.version),
        pin: plan.pin(),
    })
}

/// Options that this format has no place for.
fn strangers(format: Format, options: &Options) -> Vec<Refusal> {
    let Ok(Value::Object(all)) = serde_json::to_value(options) else { return vec![] };
    let given = all.iter().filter(|(_, value)| !value.is_null());
    let strange =
        given.filter(|(name, _)| !format.known().iter().any(|group| group.contains(&name.as_str())));
    strange.map(|(name, _)| Refusal::new(name, format!("`{format}` has no place for it"))).collect()
}
