//! What loads in the newest Envoy and not in hosts that are still in use.

use crate::Declared;
use crate::facts::Facts;
use crate::findings::Findings;
use crate::hosts::Needs;
use crate::tables::WasiTier;

pub fn check(facts: &Facts<'_>, _: &Declared, findings: &mut Findings) {
    let Some((tier, names)) = Needs::of(facts).highest_tier() else { return };
    let names = names.join(", ");
    match tier {
        WasiTier::Base => {}
        WasiTier::Preopen => {
            findings.info("host-minimum", format!("Needs Envoy 1.21 or newer, for {names}."));
        }
        WasiTier::Go => {
            findings
                .warning("host-minimum", format!("Needs Envoy 1.33 or newer, for {names}."))
                .fix("Use SDK and language versions without these calls if older proxies must load it.");
        }
        WasiTier::Full => {
            findings.warning("host-minimum", format!("Needs Envoy 1.39 or newer, for {names}.")).fix(
                "Remove the code that reaches for files, sockets or clock resolution: hosts only refuse \
                     such calls, and older ones refuse the whole module.",
            );
        }
    }
}
