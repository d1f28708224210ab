//! Start functions: which one the host calls, and whether it can.

use crate::Declared;
use crate::facts::{Facts, Import};
use crate::findings::Findings;
use crate::printable::printable;
use crate::signature::compact_text;
use crate::tables::WASI_MODULES;

pub fn check(facts: &Facts<'_>, _: &Declared, findings: &mut Findings) {
    section(facts, findings);
    let reactor = facts.exports_function("_initialize");
    if reactor {
        // After _initialize the host also calls main, or __main_void, if there is one.
        typed(facts, "_initialize", ">", findings);
        typed(facts, "main", "ii>i", findings);
        typed(facts, "__main_void", ">i", findings);
    } else {
        typed(facts, "_start", ">", findings);
    }
    if reactor && facts.exports_function("_start") {
        findings
            .info("start-ignored", "The module exports _initialize and _start; hosts call _initialize only.")
            .at("export _start");
    }
    let exits = WASI_MODULES.iter().any(|module| facts.imports_function(module, "proc_exit"));
    if let Some(name) = facts.stuck {
        findings
            .error(
                "start-never-returns",
                format!(
                    "{name} cannot return: each way through it ends in a trap, an endless loop, proc_exit or another \
                     call that hosts refuse while a module starts (\"restricted_callback\")."
                ),
            )
            .at(format!("export {name}"))
            .fix(REACTOR);
    } else if !reactor && facts.exports_function("_start") && exits {
        findings
            .info(
                "start-command",
                "The module looks like a command: it exports _start and can call proc_exit. If _start ends with \
                 proc_exit, hosts refuse the module; only a run can tell.",
            )
            .at("export _start")
            .fix(REACTOR);
    }
}

const REACTOR: &str = "Build a reactor: Go or TinyGo with -buildmode=c-shared, clang with \
                       -mexec-model=reactor, Rust as a cdylib.";

/// The host learns of an exported memory, and of whose call it is, only after the start section.
fn section(facts: &Facts<'_>, findings: &mut Findings) {
    const FIX: &str = "Export the function as _initialize instead of naming it in the start section.";
    if let Some(import) = facts.start_calls {
        findings
            .error(
                "start-calls-host",
                format!(
                    "The start section calls {}: it runs before the host is ready for calls, which takes Envoy down.",
                    printable(import.name)
                ),
            )
            .at("section start")
            .fix(FIX);
    } else if facts.start.is_some() && facts.imports.iter().any(Import::is_function) {
        findings
            .info(
                "start-section",
                "The module has a start section. If it ever calls the host, Envoy goes down; only a run can tell.",
            )
            .at("section start")
            .fix(FIX);
    }
}

fn typed(facts: &Facts<'_>, name: &str, expected: &str, findings: &mut Findings) {
    let Some((_, ty)) = facts.exported_function(name) else { return };
    if !ty.is(expected) {
        findings
            .error(
                "start-type",
                format!("{name} has the type {}; hosts call it as {}.", ty.text(), compact_text(expected)),
            )
            .at(format!("export {name}"))
            .fix("Export the start function of the toolchain unchanged, or do not export one.");
    }
}
