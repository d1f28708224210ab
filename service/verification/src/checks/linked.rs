//! Imports that are no functions: the host supplies one memory and one table, and nothing else.

use crate::Declared;
use crate::facts::{Facts, Import, ImportKind};
use crate::findings::Findings;
use crate::printable::printable;

pub fn check(facts: &Facts<'_>, _: &Declared, findings: &mut Findings) {
    let mut memories = 0;
    let mut tables = 0;
    for import in &facts.imports {
        match import.kind {
            ImportKind::Function(_) => {}
            ImportKind::Global(_) => global(import, findings),
            ImportKind::Memory(_) => memories += 1,
            ImportKind::Table(_) => tables += 1,
            ImportKind::Tag => tag(import, findings),
        }
    }
    if memories > 1 {
        several("memories", memories, findings);
    }
    if tables > 1 {
        several("tables", tables, findings);
    }
    if memories == 1 {
        findings
            .info(
                "import-memory",
                "The module imports its memory; Envoy makes one for it, other hosts may not.",
            )
            .fix("Define and export the memory in the module (drop `--import-memory`).");
    }
}

fn location(import: &Import<'_>) -> String {
    format!("import {}.{}", printable(import.module), printable(import.name))
}

fn global(import: &Import<'_>, findings: &mut Findings) {
    findings
        .error(
            "import-global",
            format!("Hosts offer no globals, so {} cannot be linked.", printable(import.name)),
        )
        .at(location(import))
        .fix("Link the module as a whole, not as a shared library (`-shared`, `-fPIC`).");
}

fn tag(import: &Import<'_>, findings: &mut Findings) {
    findings
        .error("import-tag", "An imported exception tag takes Envoy down while it loads the module.")
        .at(location(import))
        .fix("Define the tag in the module.");
}

fn several(what: &str, count: usize, findings: &mut Findings) {
    findings
        .error(
            "import-several",
            format!("The module imports {count} {what}; the host holds one, and the others are freed while in use."),
        )
        .fix("Import at most one, or define them in the module.");
}
