//! Is the module valid for the engine in Envoy 1.40?

use crate::Declared;
use crate::facts::Facts;
use crate::findings::Findings;
use crate::printable::printable;

pub fn check(facts: &Facts<'_>, _: &Declared, findings: &mut Findings) {
    if let Some(fault) = &facts.fault {
        let past_end = fault.offset >= facts.size;
        let (id, fix) = if past_end || fault.message.contains("unexpected end") {
            (
                "truncated",
                "The file ends too early: upload the whole file, and compare its size with the one on disk.",
            )
        } else {
            (
                "malformed",
                "Rebuild the module; if the compiler's own output is refused, lower its target features.",
            )
        };
        findings
            .error(id, format!("The engine refuses the module: {}.", printable(&fault.message)))
            .at(format!("offset {:#x}", fault.offset))
            .fix(fix);
    }
    if let Some(limit) = &facts.limit {
        findings
            .info("verifier-limit", format!("The verification stopped: {limit}."))
            .fix("Nothing is known about the rest of the module, so it cannot pass.");
    }
}
