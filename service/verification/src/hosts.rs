//! Where the module loads: the rows of the host table, answered from the facts. What the newest
//! Envoy refuses no older host takes; beyond that only what each generation offers counts.

use crate::HostSupport;
use crate::facts::Facts;
use crate::findings::Findings;
use crate::tables::{HOSTS, Host, WASI_MODULES, WasiFunction, WasiTier, host_function, wasi_function};

pub fn of(facts: &Facts<'_>, findings: &Findings) -> Vec<HostSupport> {
    let refused = match (&facts.limit, findings.first_error()) {
        (_, Some(error)) => Some(error.message.clone()),
        (Some(limit), None) => Some(format!("not verified: {limit}")),
        (None, None) => None,
    };
    let needs = Needs::of(facts);
    HOSTS
        .iter()
        .map(|host| {
            let reason = refused.clone().or_else(|| needs.missing_in(host));
            HostSupport {
                host: host.host.to_owned(),
                versions: host.versions.to_owned(),
                loads: reason.is_none(),
                reason,
            }
        })
        .collect()
}

/// What the module asks of a host beyond what all hosts have.
pub struct Needs {
    wasi: Vec<&'static WasiFunction>,
    envoy: Vec<&'static str>,
}

impl Needs {
    pub fn of(facts: &Facts<'_>) -> Self {
        let mut needs = Self { wasi: Vec::new(), envoy: Vec::new() };
        for (import, _) in facts.function_imports() {
            if WASI_MODULES.contains(&import.module) {
                if let Some(function) = wasi_function(import.name)
                    && !needs.wasi.iter().any(|known| known.name == function.name)
                {
                    needs.wasi.push(function);
                }
            } else if import.module == "env"
                && let Some(function) = host_function(import.name)
                && function.envoy_alone()
                && !needs.envoy.contains(&function.name)
            {
                needs.envoy.push(function.name);
            }
        }
        needs
    }

    /// The functions that set the tier the module needs.
    pub fn highest_tier(&self) -> Option<(WasiTier, Vec<&'static str>)> {
        let tier = self.wasi.iter().map(|function| function.tier).max()?;
        Some((tier, self.above(tier)))
    }

    fn above(&self, tier: WasiTier) -> Vec<&'static str> {
        self.wasi.iter().filter(|function| function.tier >= tier).map(|function| function.name).collect()
    }

    fn missing_in(&self, host: &Host) -> Option<String> {
        if !host.envoy && !self.envoy.is_empty() {
            return Some(format!("only Envoy offers {}", self.envoy.join(", ")));
        }
        let missing: Vec<_> = self
            .wasi
            .iter()
            .filter(|function| function.tier > host.wasi)
            .map(|function| function.name)
            .collect();
        if missing.is_empty() { None } else { Some(format!("lacks {}", missing.join(", "))) }
    }
}
