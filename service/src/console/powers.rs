//! Powers: what the report's capabilities are called on the screen, in the order in which people ask, and which of
//! them decide whether somebody lets a module in. Pure.
use tamis_verification::{CapabilityGroup as Group, group_of};

pub struct Power {
    pub icon: &'static str,
    /// On a chip.
    pub short: &'static str,
    /// As a sentence about the filter.
    pub phrase: &'static str,
    /// The capabilities of the report that give it.
    ids: &'static [&'static str],
}

const fn power(
    icon: &'static str,
    short: &'static str,
    phrase: &'static str,
    ids: &'static [&'static str],
) -> Power {
    Power { icon, short, phrase, ids }
}

/// The first six are the columns of tables.
pub const POWERS: &[Power] = &[
    power("headers", "Headers", "Read or change headers", &["headers-read", "headers-modify"]),
    power("body", "Reads bodies", "Read bodies or stream data", &["body-read", "body-modify"]),
    power("globe", "Calls out", "Call other services", &["http-call", "grpc-call", "dns"]),
    power("shared", "Shared data", "Share data within the proxy", &["shared-data", "shared-queue"]),
    power("timer", "Timer", "Run on a timer", &["timer"]),
    power("metrics", "Metrics", "Define metrics", &["metrics"]),
    power("answer", "Answers", "Answer requests itself", &["local-response"]),
    power("bolt", "Host functions", "Call functions of the host by name", &["foreign-function"]),
    power("sliders", "Sets properties", "Set properties that others see", &["properties-set"]),
    power("log", "Logs", "Write to the proxy's log", &["log"]),
];
pub const COLUMNS: usize = 6;

/// What these reach is other people's: what they send, what is told elsewhere, what others keep, what the host does.
const GRAVE: [Group; 4] = [Group::Bodies, Group::Calls, Group::Shared, Group::Host];

impl Power {
    /// Whoever decides about the module looks at it closely.
    pub fn is_grave(&self) -> bool {
        self.ids.iter().any(|id| is_grave(id))
    }

    pub fn is_given_by(&self, capabilities: &[String]) -> bool {
        self.ids.iter().any(|id| capabilities.iter().any(|c| c == id))
    }
}

/// Those that a module with these capabilities has; what is to be looked at closely first.
pub fn of(capabilities: &[String]) -> Vec<&'static Power> {
    let mut given: Vec<_> = POWERS.iter().filter(|power| power.is_given_by(capabilities)).collect();
    given.sort_by_key(|power| !power.is_grave());
    given
}

/// The same of one capability of the report. Others than those above reach nothing of anybody else's.
pub fn is_grave(capability: &str) -> bool {
    behind(capability).is_some() && group_of(capability).is_some_and(|group| GRAVE.contains(&group))
}

/// The power behind a capability, for its icon.
pub fn behind(capability: &str) -> Option<&'static Power> {
    POWERS.iter().find(|power| power.ids.contains(&capability))
}

/// `call out, read bodies or share data`: what people fear most and the module cannot do.
pub fn cannot(capabilities: &[String]) -> Option<String> {
    let told = [(2, "call out"), (1, "read bodies"), (3, "share data")];
    let mut absent: Vec<_> =
        told.iter().filter(|(at, _)| !POWERS[*at].is_given_by(capabilities)).map(|(_, word)| *word).collect();
    let last = absent.pop()?;
    Some(if absent.is_empty() { last.to_owned() } else { format!("{} or {last}", absent.join(", ")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_other_peoples_things_comes_first_and_the_rest_is_not_called_grave() {
        let grave: Vec<_> = POWERS.iter().filter(|power| power.is_grave()).map(|power| power.short).collect();
        assert_eq!(grave, ["Reads bodies", "Calls out", "Shared data", "Host functions"]);
        let has = ["headers-read", "log", "shared-data"].map(str::to_owned);
        let shown: Vec<_> = of(&has).iter().map(|power| power.short).collect();
        assert_eq!(shown, ["Shared data", "Headers", "Logs"]);
    }
}
