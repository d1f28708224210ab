//! What fails, or fills the engine's heap, while the instance is made and before any code runs.

use crate::Declared;
use crate::facts::Facts;
use crate::findings::Findings;

/// Entries; V8 makes no larger table.
const LONGEST_TABLE: u64 = 10_000_000;
/// Bytes; V8 makes no larger array.
const LARGEST_ARRAY: u64 = 1_073_741_780;
/// Bytes of tables and constant objects. In Envoy 1.40 1.44 GB fit and 1.5 GB end the process.
const HEAP: u64 = 1_450_000_000;

pub fn check(facts: &Facts<'_>, _: &Declared, findings: &mut Findings) {
    tables(facts, findings);
    if facts.instance.largest_array > LARGEST_ARRAY {
        findings
            .error(
                "array-too-large",
                format!(
                    "A constant makes an array of {} bytes; V8 makes none.",
                    facts.instance.largest_array
                ),
            )
            .fix("Make large arrays when they are needed, and smaller.");
    }
    if facts.instance.heap > HEAP {
        findings
            .error(
                "heap-exhausted",
                format!(
                    "Its tables and constants need {} bytes of the engine's heap; Envoy ends for want of memory \
                     while it loads the module.",
                    facts.instance.heap
                ),
            )
            .fix("Make tables and constant arrays smaller.");
    }
    for segment in &facts.instance.misplaced {
        findings
            .error(
                "segment-out-of-bounds",
                format!(
                    "A {} segment of {} goes to offset {}, where only {} fit: no instance can be made.",
                    segment.what, segment.size, segment.offset, segment.room
                ),
            )
            .at(format!("{} segment {}", segment.what, segment.index))
            .fix("Start with more memory (`--initial-memory`) or a larger table, or move the segment.");
    }
}

fn tables(facts: &Facts<'_>, findings: &mut Findings) {
    for (index, table) in facts.tables.iter().enumerate() {
        // The host makes an imported table with its maximum, and refuses one that V8 would not make.
        let maximum = table.maximum.filter(|_| table.imported).unwrap_or(0);
        let entries = table.initial.max(maximum);
        if entries > LONGEST_TABLE {
            findings
                .error(
                    "table-too-large",
                    format!("A table has {entries} entries; V8 makes at most {LONGEST_TABLE}."),
                )
                .at(format!("table {index}"))
                .fix("Lower the size of the table, or its maximum if it is imported.");
        }
    }
}
