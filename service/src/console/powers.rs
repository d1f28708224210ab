//! Powers: what the report's capabilities are called on the screen, in the order in which people ask. Pure.

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

impl Power {
    pub fn is_given_by(&self, capabilities: &[String]) -> bool {
        self.ids.iter().any(|id| capabilities.iter().any(|c| c == id))
    }
}

/// Those that a module with these capabilities has.
pub fn of(capabilities: &[String]) -> Vec<&'static Power> {
    POWERS.iter().filter(|power| power.is_given_by(capabilities)).collect()
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
