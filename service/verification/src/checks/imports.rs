//! Imported functions: each must be one that the host offers to the module's ABI version, with
//! exactly the host's type. One wrong import and nothing of the module runs.

use crate::Declared;
use crate::checks::nearest::nearest;
use crate::facts::{Facts, Import};
use crate::findings::Findings;
use crate::printable::printable;
use crate::signature::{Signature, compact_text};
use crate::tables::{AbiVersion, HOST_FUNCTIONS, WASI_FUNCTIONS, WASI_MODULES, host_function, wasi_function};

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
        unknown(import, || env_hint(import.name), findings);
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
        unknown(import, || wasi_hint(import.name), findings);
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

fn env_hint(name: &str) -> String {
    if name == "abort" {
        return "AssemblyScript asks for it by default: build with `--use abort=abort_proc_exit` \
                (or `--use abort=` and a function of your own)."
            .to_owned();
    }
    if wasi_function(name).is_some() {
        return format!(
            "The host has it in the module wasi_snapshot_preview1: import wasi_snapshot_preview1.{name}."
        );
    }
    let prefixed = format!("proxy_{name}");
    if host_function(&prefixed).is_some() {
        return format!("Did you mean env.{prefixed}?");
    }
    match nearest(name, HOST_FUNCTIONS.iter().map(|function| function.name)) {
        Some(near) => format!("Did you mean env.{near}?"),
        None => "Define the function in the module, or link the library that has it: an undefined symbol of \
                 the build became this import."
            .to_owned(),
    }
}

fn wasi_hint(name: &str) -> String {
    if host_function(name).is_some() {
        return format!("The host has it in the module env: import env.{name}.");
    }
    match nearest(name, WASI_FUNCTIONS.iter().map(|function| function.name)) {
        Some(near) => format!("Did you mean {near}?"),
        None => "Remove the code that needs it; hosts offer WASI preview 1 without it.".to_owned(),
    }
}

fn unknown_module(import: &Import<'_>, findings: &mut Findings) {
    unknown(import, || module_hint(import.module), findings);
}

fn module_hint(module: &str) -> String {
    if module.starts_with("wasi:") {
        return "The module is built for WASI 0.2: build for wasm32-wasip1 or wasm32-unknown-unknown."
            .to_owned();
    }
    if module.starts_with("__wbindgen") || module == "wbg" {
        return "wasm-bindgen code is for browsers: remove crates that use it, or turn their `js` features off."
            .to_owned();
    }
    if module == "go" || module == "gojs" {
        return "GOOS=js builds are for browsers: build with GOOS=wasip1 and -buildmode=c-shared.".to_owned();
    }
    match nearest(module, ["env", WASI_MODULES[0], WASI_MODULES[1]].into_iter()) {
        Some(near) => format!("Did you mean the module {near}?"),
        None => "Hosts offer the modules env, wasi_snapshot_preview1 and wasi_unstable only.".to_owned(),
    }
}
