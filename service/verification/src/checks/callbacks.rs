//! Callbacks: those that the host looks up must have its type; those that it does not look up are
//! never called, which deserves a word when the name was likely meant.

use crate::Declared;
use crate::checks::nearest::nearest;
use crate::facts::{Export, ExportKind, Facts};
use crate::findings::Findings;
use crate::printable::printable;
use crate::signature::compact_text;
use crate::tables::{AbiVersion, CALLBACKS, Callback, callback};

pub fn check(facts: &Facts<'_>, _: &Declared, findings: &mut Findings) {
    let Some(abi) = facts.host.abi else { return };
    for export in &facts.exports {
        if export.kind != ExportKind::Function {
            continue;
        }
        match callback(export.name) {
            Some(known) => typed(facts, abi, export, known, findings),
            None => unknown(export, findings),
        }
    }
}

fn typed(facts: &Facts<'_>, abi: AbiVersion, export: &Export<'_>, known: &Callback, findings: &mut Findings) {
    let Some(ty) = facts.signature_of(export) else { return };
    let Some(expected) = known.ty(abi) else {
        findings
            .info("callback-ignored", format!("Hosts do not call {} under ABI {}.", known.name, abi.text()))
            .at(format!("export {}", known.name));
        return;
    };
    if ty.is(expected) {
        return;
    }
    let fits = AbiVersion::ALL.into_iter().find(|other| known.ty(*other).is_some_and(|other| ty.is(other)));
    let message = format!(
        "{} has the type {}; under ABI {} hosts call it as {}.",
        known.name,
        ty.text(),
        abi.text(),
        compact_text(expected)
    );
    let fix = match fits {
        Some(other) => format!(
            "The type is that of ABI {}: export the marker {} instead of {}, or change the function.",
            other.text(),
            other.marker(),
            abi.marker()
        ),
        None => "Use the declaration of a current SDK for this ABI version.".to_owned(),
    };
    findings.error("callback-type", message).at(format!("export {}", known.name)).fix(fix);
}

fn unknown(export: &Export<'_>, findings: &mut Findings) {
    let prefixed = export.name.starts_with("proxy_on_");
    if !prefixed || export.name == "proxy_on_memory_allocate" {
        return;
    }
    // Declared by hosts and exported by SDKs, though nothing calls it.
    if export.name == "proxy_on_grpc_create_initial_metadata" {
        return;
    }
    findings
        .info("callback-unknown", format!("No host calls {}.", printable(export.name)))
        .at(format!("export {}", printable(export.name)))
        .fix_with(|| match nearest(export.name, CALLBACKS.iter().map(|known| known.name)) {
            Some(near) => format!("Did you mean {near}?"),
            None => "Remove it if it is not meant for another host.".to_owned(),
        });
}
