//! Can the proxy-wasm host walk the sections and the `name` section? It does so before the engine,
//! and refuses some modules that engines accept.

use crate::Declared;
use crate::facts::Facts;
use crate::findings::Findings;

/// Envoy demangles every C++ name of the `name` section while loading, by recursion. Far beyond any
/// name that a compiler makes, and far below what fills a stack.
const LONGEST_MANGLED: usize = 16 * 1024;

pub fn check(facts: &Facts<'_>, _: &Declared, findings: &mut Findings) {
    if let Some(corrupted) = facts.host.corrupted {
        findings
            .error(
                "sections-malformed",
                format!("Envoy cannot read {}: \"Failed to parse corrupted Wasm module\".", corrupted.what),
            )
            .at(format!("offset {:#x}", corrupted.offset))
            .fix("Upload the file as the compiler wrote it; a tool that rewrote or cut it left this behind.");
    }
    if facts.host.longest_mangled > LONGEST_MANGLED {
        findings
            .error(
                "name-too-long",
                format!(
                    "The name section holds a C++ name of {} bytes; decoding it can overflow Envoy's stack.",
                    facts.host.longest_mangled
                ),
            )
            .fix("Strip the name section: `wasm-strip` or `wasm-tools strip --all`.");
    }
}
