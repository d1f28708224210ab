//! Imported functions: each must be one that the host offers to the module's ABI version, with
//! exactly the host's type. One wrong import and nothing of the module runs.

use crate::Declared;
use crate::checks::import_hints;
use crate::facts::{Facts, Import};
use crate::findings::Findings;
use crate::printable::printable;
use crate::signature::{Signature, compact_text};
use crate::tables::{AbiVersion, WASI_MODULES, host_function, wasi_function};

pub fn check(facts: &Facts<'_>, _: &Declared, findings: &mut Findings) {
    for (import, ty) in facts.function_imports() {
        if import.module == "env" {
            env(facts.host.abi, import, &ty, findings);
        } else if WASI_MODULES.contains(&import.module) {
            wasi(import, &ty, findings);
        } else {
            unknown_module(import, findings);
        }
    }
}

fn location(import: &Import<'_>) -> String {
    format!("import {}.{}", printable(import.module), printable(import.name))
}

fn env(abi: Option<AbiVersion>, import: &Import<'_>, ty: &Signature<'_>, findings: &mut Findings) {
    let Some(function) = host_function(import.name) else {
        unknown(import, || import_hints::env(import.name, ty), findings);
        return;
    };
    if let Some(abi) = abi
        && !function.in_version(abi)
    {
        let versions: Vec<_> = function.versions().iter().map(|version| version.text()).collect();
        findings
            .error(
                "import-abi",
                format!(
                    "Hosts offer {} only to ABI {}; this module speaks {}.",
                    function.name,
                    versions.join(" and "),
                    abi.text()
                ),
            )
            .at(location(import))
            .fix("Build all of the module with one SDK version, so that marker and calls fit.");
        return;
    }
    if !ty.is(function.ty) {
        mistyped(import, ty, function.ty, findings);
    }
}

fn wasi(import: &Import<'_>, ty: &Signature<'_>, findings: &mut Findings) {
    let Some(function) = wasi_function(import.name) else {
        unknown(import, || import_hints::wasi(import.name), findings);
        return;
    };
    if ty.is(function.ty) {
        return;
    }
    if function.standard.is_some_and(|standard| ty.is(standard)) {
        findings
            .error(
                "import-wasi-arity",
                format!(
                    "{} is imported as WASI defines it, {}, but hosts have it as {}: the types differ, so the \
                     module does not load.",
                    function.name,
                    ty.text(),
                    compact_text(function.ty)
                ),
            )
            .at(location(import))
            .fix("Do without links: no host lets a filter make one. Remove the code that pulls the call in.");
        return;
    }
    mistyped(import, ty, function.ty, findings);
}

fn mistyped(import: &Import<'_>, ty: &Signature<'_>, expected: &str, findings: &mut Findings) {
    findings
        .error(
            "import-type",
            format!(
                "{} is imported as {}, but hosts offer it as {}.",
                printable(import.name),
                ty.text(),
                compact_text(expected)
            ),
        )
        .at(location(import))
        .fix("Use the declaration of a current SDK for this ABI version.");
}

fn unknown(import: &Import<'_>, hint: impl FnOnce() -> String, findings: &mut Findings) {
    findings
        .error(
            "import-unknown",
            format!("No host offers {}.{}.", printable(import.module), printable(import.name)),
        )
        .at(location(import))
        .fix_with(hint);
}

fn unknown_module(import: &Import<'_>, findings: &mut Findings) {
    unknown(import, || import_hints::module(import.module), findings);
}
