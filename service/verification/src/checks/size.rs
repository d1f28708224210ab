//! Sizes that some way of delivery does not carry.

use crate::Declared;
use crate::facts::Facts;
use crate::findings::Findings;

const MIB: u64 = 1024 * 1024;
/// Envoy cuts off a remote body beyond this.
const ENVOY_REMOTE: u64 = 32 * MIB;
/// Meshery Server takes no larger request body.
const MESHERY: u64 = 10 * MIB;

pub fn check(facts: &Facts<'_>, _: &Declared, findings: &mut Findings) {
    if facts.size > ENVOY_REMOTE {
        findings
            .warning(
                "size-remote",
                format!("The module has {} bytes; Envoy fetches at most 32 MiB (code.remote).", facts.size),
            )
            .fix("Make it smaller (strip, wasm-opt -Oz), or deliver it as a file or an OCI image.");
    }
    if facts.size > MESHERY {
        findings
            .warning(
                "size-meshery",
                format!("The module has {} bytes; Meshery carries at most 10 MiB.", facts.size),
            )
            .fix("Make it smaller: strip it, run wasm-opt -Oz, or leave out unused code.");
    }
}
