//! The report: the one shape that the API, the command line and the database share.
//! Plain data; every rule about it lives in `checks`, every limit in `assemble`.

use serde::{Deserialize, Serialize};

use crate::PluginType;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = VerificationReport))]
pub struct Report {
    /// Hex, of the bytes as they are.
    pub sha256: String,
    pub size: u64,
    pub verdict: Verdict,
    /// Version of the rules that made this report.
    pub verifier: String,
    /// `0.1.0`, `0.2.0` or `0.2.1`; null without an ABI marker.
    pub abi_version: Option<String>,
    /// Plugin types for which the bytes hold evidence; never proof.
    pub type_evidence: Vec<PluginType>,
    /// A guess from the producers and name sections and from the imports.
    pub toolchain: Option<String>,
    pub findings: Vec<Finding>,
    pub capabilities: Vec<Capability>,
    pub hosts: Vec<HostSupport>,
    pub imports: Vec<ImportItem>,
    pub exports: Vec<ExportItem>,
    pub sections: Vec<Section>,
    pub memory: Memory,
    /// What no reading of the bytes can decide, only a run.
    pub needs_run: Vec<String>,
    /// How many entries each list of this report leaves out to stay readable.
    pub left_out: LeftOut,
}

/// `error` means that the verification could not finish; it is never a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = VerificationVerdict))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Pass,
    Warn,
    Fail,
    Error,
}

impl Verdict {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = VerificationSeverity))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Warning,
    Error,
}

impl Severity {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = VerificationFinding))]
pub struct Finding {
    /// Stable, kebab-case.
    pub id: String,
    pub severity: Severity,
    pub message: String,
    /// What the author can do about it.
    pub fix: Option<String>,
    /// `import env.abort`, `export malloc`, `offset 0x1f`.
    pub location: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = VerificationCapability))]
pub struct Capability {
    pub id: String,
    pub title: String,
    /// The imports that prove it.
    pub imports: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = VerificationHost))]
pub struct HostSupport {
    pub host: String,
    pub versions: String,
    pub loads: bool,
    /// Why not; null if it loads.
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = VerificationImport))]
pub struct ImportItem {
    pub module: String,
    pub name: String,
    pub kind: String,
    #[serde(rename = "type")]
    pub ty: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = VerificationExport))]
pub struct ExportItem {
    pub name: String,
    pub kind: String,
    #[serde(rename = "type")]
    pub ty: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = VerificationSection))]
pub struct Section {
    /// `type`, `import`, ...; a custom section has its own name and `custom: true`.
    pub name: String,
    pub size: u64,
    /// Declared number of entries, where the section has one.
    pub count: Option<u32>,
    pub custom: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = VerificationMemory))]
pub struct Memory {
    pub count: u32,
    /// Of the memory that the host uses, in pages of 64 KiB.
    pub initial_pages: Option<u64>,
    pub maximum_pages: Option<u64>,
    pub imported: bool,
    pub exported: bool,
    pub shared: bool,
    pub memory64: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = VerificationLeftOut))]
pub struct LeftOut {
    pub imports: u64,
    pub exports: u64,
    pub sections: u64,
    pub findings: u64,
}
