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
            ImportKind::Memory(memory) => {
                memories += 1;
                if memory.shared || memory.memory64 {
                    supplied("memory", "neither shared nor 64-bit", import, findings);
                }
            }
            ImportKind::Table(table) => {
                tables += 1;
                if table.table64 || !table.nullable {
                    supplied(
                        "table",
                        "of references that may be null, with 32-bit indices",
                        import,
                        findings,
                    );
                }
            }
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

fn supplied(what: &str, kind: &str, import: &Import<'_>, findings: &mut Findings) {
    let name = printable(import.name);
    findings
        .error("import-kind", format!("The {what} that hosts supply is {kind}, so {name} cannot be linked."))
        .at(location(import))
        .fix(format!("Define the {what} in the module."));
}

fn several(what: &str, count: usize, findings: &mut Findings) {
    findings
        .error(
            "import-several",
            format!("The module imports {count} {what}; the host holds one, and the others are freed while in use."),
        )
        .fix("Import at most one, or define them in the module.");
}
