//! The memory through which host and module exchange everything.

use crate::Declared;
use crate::facts::Facts;
use crate::findings::Findings;

/// Pages; the host caps a module at 1 GiB.
const MOST_PAGES: u64 = 16_384;

/// Pages of a 64-bit memory's maximum; V8 parses no larger one.
const MOST_PAGES_64: u64 = 262_144;

pub fn check(facts: &Facts<'_>, _: &Declared, findings: &mut Findings) {
    for memory in &facts.memories {
        if memory.initial > MOST_PAGES {
            findings
                .error(
                    "memory-too-large",
                    format!(
                        "A memory starts with {} pages; hosts give at most {MOST_PAGES} (1 GiB), so no instance \
                         can be made.",
                        memory.initial
                    ),
                )
                .fix("Lower the initial memory (`--initial-memory`); it grows as needed.");
        }
        if let Some(maximum) = memory.maximum.filter(|maximum| memory.memory64 && *maximum > MOST_PAGES_64) {
            findings
                .error(
                    "memory-maximum",
                    format!("A 64-bit memory may grow to {maximum} pages; V8 takes at most {MOST_PAGES_64}."),
                )
                .fix("Lower the maximum, or build for wasm32.");
        }
    }
    let Some(memory) = facts.host_memory() else {
        findings
            .error(
                "memory-missing",
                "The module exports no memory: the first call that passes a pointer takes Envoy down.",
            )
            .fix("Export the memory, by custom as \"memory\".");
        return;
    };
    if memory.memory64 {
        findings
            .warning("memory64", "The memory has 64-bit addresses; the ABI passes 32-bit pointers.")
            .fix("Build for wasm32.");
    }
    if memory.shared {
        findings
            .warning("memory-shared", "The memory is shared between threads, which filters cannot have.")
            .fix("Build without threads (`-pthread`, `+atomics`).");
    }
    if facts.memories.len() > 1 {
        findings
            .warning(
                "memory-several",
                format!(
                    "The module has {} memories; the host sees the last one exported, and not all hosts load it.",
                    facts.memories.len()
                ),
            )
            .fix("Keep to one memory.");
    }
    if memory.maximum.is_none() {
        findings
            .info("memory-no-maximum", "The memory has no maximum, so it may grow to 1 GiB in each worker.")
            .fix("Set one when linking: `--max-memory=<bytes>`.");
    }
}
