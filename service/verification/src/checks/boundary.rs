//! Types at the edge of the module. The interface between Envoy and V8 has no name for some value
//! types and ends the process when it meets one, at the moment the configuration is loaded.

use crate::Declared;
use crate::facts::{Export, ExportKind, Facts, ImportKind};
use crate::findings::Findings;
use crate::printable::printable;
use crate::signature::Val;

pub fn check(facts: &Facts<'_>, _: &Declared, findings: &mut Findings) {
    for import in &facts.imports {
        let breaking = match import.kind {
            ImportKind::Function(ty) => facts.types.get(ty).and_then(|ty| ty.breaking),
            ImportKind::Global(val) => Some(val).filter(|val| val.breaks_the_boundary()),
            ImportKind::Table(table) => Some(table.element).filter(|val| val.breaks_the_boundary()),
            ImportKind::Memory(_) | ImportKind::Tag => None,
        };
        if let Some(val) = breaking {
            let at = format!("import {}.{}", printable(import.module), printable(import.name));
            breaks(val, at, findings);
        }
    }
    for export in &facts.exports {
        let at = || format!("export {}", printable(export.name));
        if export.kind == ExportKind::Tag {
            findings
                .error("export-tag", "An exported exception tag takes Envoy down while it loads the module.")
                .at(at())
                .fix("Keep the tag inside the module.");
        }
        if let Some(val) = exported(facts, export) {
            breaks(val, at(), findings);
        }
        let fetched = matches!(export.kind, ExportKind::Function | ExportKind::Memory);
        if fetched && is_array_index(export.name) {
            findings
                .error(
                    "export-index-name",
                    "A function or memory exported under a whole number takes Envoy down while it loads the \
                     module (\"unreachable code\").",
                )
                .at(at())
                .fix("Give the export a name that is no number, or keep it inside the module.");
        }
    }
}

/// As JavaScript has it (ECMA-262, "array index"): the engine keeps such names apart from others, where its
/// embedding interface does not look.
fn is_array_index(name: &str) -> bool {
    name.parse::<u32>().is_ok_and(|index| index != u32::MAX && index.to_string() == name)
}

fn exported(facts: &Facts<'_>, export: &Export<'_>) -> Option<Val> {
    let index = usize::try_from(export.index).ok()?;
    let val = match export.kind {
        ExportKind::Function => return facts.signature_of(export)?.breaking,
        ExportKind::Global => *facts.globals.get(index)?,
        ExportKind::Table => facts.tables.get(index)?.element,
        ExportKind::Memory | ExportKind::Tag => return None,
    };
    Some(val).filter(|val| val.breaks_the_boundary())
}

fn breaks(val: Val, at: String, findings: &mut Findings) {
    let what = match val {
        Val::V128 => "a v128 value",
        _ => "a reference that is neither funcref nor externref",
    };
    findings
        .error(
            "boundary-type",
            format!("The type holds {what}: Envoy aborts (\"unreachable code\") while it loads the module."),
        )
        .at(at)
        .fix("Use the type inside the module only, and pass values through memory at its edge.");
}
