//! The ABI marker: the export that says which proxy-wasm ABI the module speaks.

use crate::Declared;
use crate::facts::{ExportKind, Facts};
use crate::findings::Findings;
use crate::printable::printable;
use crate::tables::AbiVersion;

const PREFIX: &str = "proxy_abi_version_";

pub fn check(facts: &Facts<'_>, _: &Declared, findings: &mut Findings) {
    let Some(version) = facts.host.abi else {
        missing(facts, findings);
        return;
    };
    if version == AbiVersion::V0_1_0 {
        findings
            .info("abi-old", "The module speaks ABI 0.1.0; hosts still load it, SDKs left it in 2020.")
            .fix("Rebuild with a current SDK.");
    }
    let others: Vec<_> = AbiVersion::ALL
        .into_iter()
        .filter(|other| *other != version && facts.exports_function(other.marker()))
        .map(AbiVersion::text)
        .collect();
    if !others.is_empty() {
        findings
            .info(
                "abi-marker-twice",
                format!(
                    "The module also carries the marker of ABI {}; the first one in the export section counts: {}.",
                    others.join(" and "),
                    version.text()
                ),
            )
            .fix("Link one SDK only.");
    }
}

fn missing(facts: &Facts<'_>, findings: &mut Findings) {
    let near = facts.exports.iter().find(|export| export.name.starts_with(PREFIX));
    let entry = findings.error(
        "abi-marker-missing",
        match near {
            None => "No function export names a proxy-wasm ABI version: \"Missing or unknown Proxy-Wasm ABI version\"."
                .to_owned(),
            Some(export) if export.kind == ExportKind::Function => {
                format!("No host knows the ABI version of the export {}.", printable(export.name))
            }
            Some(export) => format!(
                "The export {} is a {}; only a function counts as ABI marker.",
                printable(export.name),
                export.kind.text()
            ),
        },
    );
    let entry = match near {
        Some(export) => entry.at(format!("export {}", printable(export.name))),
        None => entry,
    };
    entry.fix(
        "Build with a proxy-wasm SDK, or export an empty function `proxy_abi_version_0_2_1`. \
         If this is no proxy-wasm filter, Envoy has no use for it.",
    );
}
