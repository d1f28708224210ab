//! The judgements, one small file each, run in one order: that in which Envoy would stumble. A check
//! reads facts and adds findings; it knows no other check. A check that runs the module would join
//! this list in the same way, with the facts of the run beside those of the bytes.

mod allocator;
mod baggage;
mod boundary;
mod callbacks;
mod format;
mod import_hints;
mod imports;
mod instance;
mod linked;
mod marker;
mod memory;
mod nearest;
mod older_hosts;
mod plugin_type;
mod size;
mod start;
mod walkable;
mod well_formed;

use crate::Declared;
use crate::facts::Facts;
use crate::findings::Findings;

struct Check {
    needs: Needs,
    run: fn(&Facts<'_>, &Declared, &mut Findings),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Any bytes at all.
    Bytes,
    /// A core module header.
    Module,
    /// A module that is valid from the first byte to the last.
    Sound,
}

const fn check(needs: Needs, run: fn(&Facts<'_>, &Declared, &mut Findings)) -> Check {
    Check { needs, run }
}

const CHECKS: &[Check] = &[
    check(Needs::Bytes, format::check),
    check(Needs::Module, walkable::check),
    check(Needs::Module, well_formed::check),
    check(Needs::Sound, marker::check),
    check(Needs::Sound, boundary::check),
    check(Needs::Sound, imports::check),
    check(Needs::Sound, linked::check),
    check(Needs::Sound, memory::check),
    check(Needs::Sound, instance::check),
    check(Needs::Sound, allocator::check),
    check(Needs::Sound, start::check),
    check(Needs::Sound, callbacks::check),
    check(Needs::Sound, plugin_type::check),
    check(Needs::Sound, older_hosts::check),
    check(Needs::Module, baggage::check),
    check(Needs::Bytes, size::check),
];

pub fn run(facts: &Facts<'_>, declared: &Declared) -> Findings {
    let mut findings = Findings::default();
    for check in CHECKS {
        let known = match check.needs {
            Needs::Bytes => true,
            Needs::Module => facts.is_module(),
            Needs::Sound => facts.is_sound(),
        };
        if known {
            (check.run)(facts, declared, &mut findings);
        }
    }
    findings
}
