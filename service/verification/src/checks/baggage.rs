//! Sections that add weight and change nothing. They are reported, never removed: the digest is the name.

use crate::Declared;
use crate::facts::Facts;
use crate::findings::Findings;

pub fn check(facts: &Facts<'_>, _: &Declared, findings: &mut Findings) {
    if facts.sections.debug_bytes > 0 {
        findings
            .warning(
                "debug-sections",
                format!("{} bytes of the file are debug information, which every proxy fetches.", facts.sections.debug_bytes),
            )
            .fix("Strip it: `strip = \"debuginfo\"` in Cargo.toml, `-s` for the linker, or `wasm-tools strip`.");
    }
    if facts.sections.precompiled_bytes > 0 {
        findings
            .warning(
                "precompiled-sections",
                format!(
                    "{} bytes of the file are code precompiled for one engine build; hosts drop it unless told \
                     to trust it.",
                    facts.sections.precompiled_bytes
                ),
            )
            .fix("Publish the module as the compiler wrote it.");
    }
}
