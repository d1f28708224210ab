//! What a proxy-wasm module is, from its bytes alone: facts, findings, capabilities, hosts.
//!
//! One pass over the bytes gathers [`facts`], small [`checks`] read the facts, and [`assemble`]
//! turns both into a [`Report`]. Pure: no clock, no files, no network, no threads, nothing of the
//! service. [`verify`] never fails and never panics, whatever the bytes are.

mod assemble;
mod capabilities;
mod changes;
mod checks;
mod evidence;
mod facts;
mod features;
mod findings;
mod host_reader;
mod host_version;
mod hosts;
mod instance;
mod mangled;
mod parse;
mod plugin;
mod printable;
mod report;
mod returns;
mod signature;
mod sniff;
mod start;
mod tables;
mod text;
mod texts;
mod toolchain;
mod work;

pub use capabilities::{CapabilityWords, capabilities, group_of};
pub use changes::{
    CapabilityChange, CapabilityChanges, ExportChange, ExportChanges, ExportName, FunctionChange,
    FunctionFacts, ImportChange, ImportChanges, ImportName, ModuleChanges, SectionChange, SectionChanges,
    SizeChange, TextChange, TextChanges, changes,
};
pub use host_version::{HostVersion, host_version, recent_hosts};
pub use plugin::{Declared, PluginType};
pub use report::{
    Capability, ExportItem, Finding, HostSupport, ImportItem, LeftOut, Memory, Report, Section, Severity,
    Verdict,
};
pub use tables::CapabilityGroup;
pub use text::render_text;
pub use texts::{READER, Texts, texts};

/// The version of the rules. A report made by other rules is not comparable and should be made again.
pub const VERIFIER: &str = "2";

/// Reads the module and judges it. The verdict is `fail` if and only if Envoy refuses the module, or
/// the module can take Envoy down, for a reason that is visible in the bytes.
#[must_use]
pub fn verify(bytes: &[u8], declared: &Declared) -> Report {
    let facts = parse::read(bytes);
    let findings = checks::run(&facts, declared);
    assemble::report(&facts, findings)
}
