//! Facts and findings become the report: verdict, lists cut to a readable length, names made safe.

use crate::facts::{Export, ExportKind, Facts, ImportKind, SectionName, TableFact};
use crate::findings::Findings;
use crate::printable::{printable, printable_bytes};
use crate::{
    ExportItem, ImportItem, LeftOut, Memory, Report, Section, Severity, VERIFIER, Verdict, capabilities,
    evidence, hosts, toolchain,
};

/// Entries in each list of the report.
const MOST: usize = 2_000;

pub fn report(facts: &Facts<'_>, findings: Findings) -> Report {
    let verdict = verdict(facts, &findings);
    let hosts = hosts::of(facts, &findings);
    let (findings, findings_left_out) = findings.into_list();
    let (imports, imports_left_out) = cut(&facts.imports, import_item(facts));
    let (exports, exports_left_out) = cut(&facts.exports, export_item(facts));
    let (sections, sections_left_out) = cut(&facts.sections.list, section_item);
    Report {
        sha256: facts.sha256.clone(),
        size: facts.size,
        verdict,
        verifier: VERIFIER.to_owned(),
        abi_version: facts.host.abi.map(|version| version.text().to_owned()),
        type_evidence: evidence::types(facts),
        toolchain: toolchain::guess(facts),
        findings,
        capabilities: capabilities::of(facts),
        hosts,
        imports,
        exports,
        sections,
        memory: memory(facts),
        needs_run: if verdict == Verdict::Fail { Vec::new() } else { needs_run(facts) },
        left_out: LeftOut {
            imports: imports_left_out,
            exports: exports_left_out,
            sections: sections_left_out + facts.sections.left_out,
            findings: findings_left_out,
        },
    }
}

/// A module that hosts refuse for what was read is refused, finished or not.
fn verdict(facts: &Facts<'_>, findings: &Findings) -> Verdict {
    match findings.worst() {
        Some(Severity::Error) => Verdict::Fail,
        _ if facts.limit.is_some() => Verdict::Error,
        Some(Severity::Warning) => Verdict::Warn,
        Some(Severity::Info) | None => Verdict::Pass,
    }
}

fn cut<T, U>(all: &[T], item: impl Fn(&T) -> U) -> (Vec<U>, u64) {
    (all.iter().take(MOST).map(item).collect(), all.len().saturating_sub(MOST) as u64)
}

fn import_item<'f>(facts: &'f Facts<'_>) -> impl Fn(&crate::facts::Import<'_>) -> ImportItem + 'f {
    |import| {
        let (kind, ty) = match import.kind {
            ImportKind::Function(ty) => ("func", facts.types.get(ty).map_or(String::new(), |ty| ty.text())),
            ImportKind::Table(table) => ("table", table_text(&table)),
            ImportKind::Memory(memory) => ("memory", limits_text(memory.initial, memory.maximum)),
            ImportKind::Global(val) => ("global", val.text().to_owned()),
            ImportKind::Tag => ("tag", String::new()),
        };
        ImportItem {
            module: printable(import.module),
            name: printable(import.name),
            kind: kind.to_owned(),
            ty,
        }
    }
}

fn export_item<'f>(facts: &'f Facts<'_>) -> impl Fn(&Export<'_>) -> ExportItem + 'f {
    |export| {
        let index = usize::try_from(export.index).unwrap_or(usize::MAX);
        let ty = match export.kind {
            ExportKind::Function => facts.signature_of(export).map(|ty| ty.text()),
            ExportKind::Table => facts.tables.get(index).map(table_text),
            ExportKind::Memory => {
                facts.memories.get(index).map(|memory| limits_text(memory.initial, memory.maximum))
            }
            ExportKind::Global => facts.globals.get(index).map(|val| val.text().to_owned()),
            ExportKind::Tag => None,
        };
        ExportItem {
            name: printable(export.name),
            kind: export.kind.text().to_owned(),
            ty: ty.unwrap_or_default(),
        }
    }
}

fn section_item(section: &crate::facts::SectionFact<'_>) -> Section {
    let (name, custom) = match section.name {
        SectionName::Known(name) => (name.to_owned(), false),
        SectionName::Custom(name) => (printable_bytes(name), true),
    };
    Section { name, size: section.size, count: section.count, custom }
}

fn table_text(table: &TableFact) -> String {
    format!("{} {}", table.element.text(), limits_text(table.initial, table.maximum))
}

fn limits_text(initial: u64, maximum: Option<u64>) -> String {
    match maximum {
        Some(maximum) => format!("{initial}..{maximum}"),
        None => format!("{initial}.."),
    }
}

fn memory(facts: &Facts<'_>) -> Memory {
    let used = facts.host_memory().or(facts.memories.first());
    Memory {
        count: u32::try_from(facts.memories.len()).unwrap_or(u32::MAX),
        initial_pages: used.map(|memory| memory.initial),
        maximum_pages: used.and_then(|memory| memory.maximum),
        imported: used.is_some_and(|memory| memory.imported),
        exported: facts.exports.iter().any(|export| export.kind == ExportKind::Memory),
        shared: used.is_some_and(|memory| memory.shared),
        memory64: used.is_some_and(|memory| memory.memory64),
    }
}

/// Said of every module that may load, so that nobody takes a pass for more than it is.
fn needs_run(facts: &Facts<'_>) -> Vec<String> {
    if !facts.is_sound() {
        return Vec::new();
    }
    let mut open = Vec::new();
    if facts.start.is_some() {
        open.push("whether its start section returns".to_owned());
    }
    for name in ["_initialize", "_start"] {
        if facts.exports_function(name) {
            open.push(format!("whether {name} returns without a trap or a forbidden call"));
            break;
        }
    }
    for name in ["proxy_on_vm_start", "proxy_on_configure"] {
        if facts.exports_function(name) {
            open.push(format!("whether {name} accepts the configuration it is given"));
        }
    }
    open.push("whether it answers requests without a trap, and what that costs".to_owned());
    open
}
