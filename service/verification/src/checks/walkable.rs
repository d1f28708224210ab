//! Can the proxy-wasm host walk the sections and the `name` section? It does so before the engine,
//! and refuses some modules that engines accept.

use crate::Declared;
use crate::facts::Facts;
use crate::findings::Findings;
use crate::host_reader::LONGEST_MANGLED;

/// Bytes of decoded C++ names. Envoy needs ten seconds for half of it, and an hour soon after.
const MOST_DECODED: u64 = 64 * 1024 * 1024;

const STRIP: &str = "Strip the name section: `wasm-strip`, or `wasm-tools strip --all`.";

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
    names(facts, findings);
}

fn names(facts: &Facts<'_>, findings: &mut Findings) {
    let host = &facts.host;
    if host.longest_mangled > LONGEST_MANGLED {
        findings
            .error(
                "name-too-long",
                format!(
                    "The name section holds a C++ name of {} bytes; decoding it can overflow Envoy's stack.",
                    host.longest_mangled
                ),
            )
            .fix(STRIP);
    }
    if host.decoded > MOST_DECODED {
        findings
            .error(
                "name-expands",
                "C++ names in the name section stand for so much text that Envoy hangs or runs out of memory \
                 decoding them, before it answers anything.",
            )
            .fix(STRIP);
    }
    if host.undecoded {
        findings
            .warning(
                "name-unbounded",
                "A C++ name in the name section refers back so often that its decoded length cannot be told; \
                 Envoy decodes it while it loads the module.",
            )
            .fix(STRIP);
    }
}
