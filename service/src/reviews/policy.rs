//! The policy file: which checks must pass, how many votes it takes, how long things may take.
//! Checked whole at start; an error names the file, the table and the field. Knows no HTTP.
use super::{trust::SignaturePolicy, window::Window};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::{path::Path, time::Duration};
use tamis_entities::{
    namespace,
    value::{NamespaceKind, ReviewAction, Sha256, Slug, Timestamp},
};
use utoipa::ToSchema;

/// What holds here. `version` is another one whenever anything else is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Policy {
    pub version: String,
    pub checks: CheckPolicy,
    pub quorum: QuorumPolicy,
    pub self_publish: SelfPublishPolicy,
    pub times: TimePolicy,
    pub release: ReleasePolicy,
    pub signatures: SignaturePolicy,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CheckPolicy {
    /// Without a pass of these (or a warning) nothing goes to the curators; the others advise.
    pub required: Vec<String>,
    /// A check that takes longer could not run.
    pub timeout_seconds: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QuorumPolicy {
    pub default: i64,
    /// For the first publication of a namespace; absent: as otherwise.
    pub first_publication: Option<i64>,
    /// For a release that can do what the one before could not; absent: as otherwise.
    pub new_capability: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SelfPublishPolicy {
    /// Namespaces whose requests are approved by their checks alone.
    pub namespaces: Vec<Slug>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TimePolicy {
    /// What curators have before a request is overdue.
    pub due_hours: u64,
    /// After so many days an open request ends by itself.
    pub expiry_days: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReleasePolicy {
    /// When approved requests may be released, such as `mon-fri 08:00-17:00` (UTC); none: always.
    pub windows: Vec<String>,
}

impl Default for CheckPolicy {
    fn default() -> Self {
        Self { required: ["verification", "hosts"].map(str::to_owned).to_vec(), timeout_seconds: 20 }
    }
}

impl Default for QuorumPolicy {
    fn default() -> Self {
        Self { default: 1, first_publication: None, new_capability: None }
    }
}

impl Default for TimePolicy {
    fn default() -> Self {
        Self { due_hours: 120, expiry_days: 90 }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            version: String::new(),
            checks: CheckPolicy::default(),
            quorum: QuorumPolicy::default(),
            self_publish: SelfPublishPolicy::default(),
            times: TimePolicy::default(),
            release: ReleasePolicy::default(),
            signatures: SignaturePolicy::default(),
        }
        .named()
    }
}

const TABLES: [&str; 6] = ["checks", "quorum", "self_publish", "times", "release", "signatures"];

fn wrong(file: &Path, table: &str, field: &str, message: impl std::fmt::Display) -> Error {
    Error::invalid("--policy", format!("{}: [{table}]: `{field}`: {message}", file.display()))
}

/// The table of the file, or what holds without it.
fn table<T: serde::de::DeserializeOwned + Default>(file: &Path, top: &toml::Table, name: &str) -> Result<T> {
    let Some(value) = top.get(name) else { return Ok(T::default()) };
    value.clone().try_into().map_err(|e: toml::de::Error| {
        let said = e.to_string().trim().replace('\n', " ");
        Error::invalid("--policy", format!("{}: [{name}]: {said}", file.display()))
    })
}

impl Policy {
    pub fn load(file: Option<&Path>) -> Result<Self> {
        let Some(file) = file else { return Ok(Self::default()) };
        let unreadable = |e| Error::invalid("--policy", format!("{}: {e}", file.display()));
        Self::parse(file, &std::fs::read_to_string(file).map_err(unreadable)?)
    }

    pub fn parse(file: &Path, text: &str) -> Result<Self> {
        let top: toml::Table = text.parse().map_err(|e: toml::de::Error| {
            let line = e.span().map_or(1, |s| text.get(..s.start).unwrap_or(text).matches('\n').count() + 1);
            Error::invalid("--policy", format!("{}: line {line}: {}", file.display(), e.message()))
        })?;
        if let Some(other) = top.keys().find(|k| !TABLES.contains(&k.as_str())) {
            let help = "tables are [checks], [quorum], [self_publish], [times], [release] and [signatures]";
            return Err(Error::invalid("--policy", format!("{}: `{other}`: {help}", file.display())));
        }
        let policy = Self {
            version: String::new(),
            checks: table(file, &top, "checks")?,
            quorum: table(file, &top, "quorum")?,
            self_publish: table(file, &top, "self_publish")?,
            times: table(file, &top, "times")?,
            release: table(file, &top, "release")?,
            signatures: table(file, &top, "signatures")?,
        };
        policy.check(file)?;
        Ok(policy.named())
    }

    fn check(&self, file: &Path) -> Result<()> {
        let known = super::checks::ids();
        if let Some(id) = self.checks.required.iter().find(|id| !known.contains(&id.as_str())) {
            let help = format!("there is no check `{id}`; checks are {}", known.join(", "));
            return Err(wrong(file, "checks", "required", help));
        }
        // Shorter than the lease of a job, or another worker would run it again meanwhile.
        if !(1..=30).contains(&self.checks.timeout_seconds) {
            return Err(wrong(file, "checks", "timeout_seconds", "1 to 30"));
        }
        let quorum = &self.quorum;
        for (field, n) in [
            ("default", Some(quorum.default)),
            ("first_publication", quorum.first_publication),
            ("new_capability", quorum.new_capability),
        ] {
            if n.is_some_and(|n| !(1..=10).contains(&n)) {
                return Err(wrong(file, "quorum", field, "1 to 10 votes"));
            }
        }
        for (field, n, most) in
            [("due_hours", self.times.due_hours, 8760), ("expiry_days", self.times.expiry_days, 3650)]
        {
            if !(1..=most).contains(&n) {
                return Err(wrong(file, "times", field, format!("1 to {most}")));
            }
        }
        for root in &self.signatures.trust_roots {
            if let Some((field, message)) = root.fault() {
                let named = format!("trust_roots.{field}` of `{}", root.name);
                return Err(wrong(file, "signatures", &named, message));
            }
        }
        for window in &self.release.windows {
            if Window::parse(window).is_none() {
                let help = format!("`{window}`: write it like \"mon-fri 08:00-17:00\" (UTC)");
                return Err(wrong(file, "release", "windows", help));
            }
        }
        Ok(())
    }

    fn named(mut self) -> Self {
        // Field order is the struct's, so equal policies hash equal.
        let text = serde_json::to_string(&self).unwrap_or_default();
        self.version = Sha256::of(text.as_bytes()).hex().get(..12).unwrap_or_default().to_owned();
        self
    }

    pub fn due(&self) -> Duration {
        Duration::from_secs(self.times.due_hours * 3600)
    }

    pub fn expiry(&self) -> Duration {
        Duration::from_secs(self.times.expiry_days * 24 * 3600)
    }

    pub fn check_timeout(&self) -> Duration {
        Duration::from_secs(self.checks.timeout_seconds)
    }

    /// Whether a check must pass. Taking something down waits for no check, and what is built
    /// into Tamis was tried with it: neither may depend on how strict an operator is.
    pub fn requires(&self, check: &str, namespace: &namespace::Model, action: ReviewAction) -> bool {
        match (action, namespace.kind) {
            (ReviewAction::Unpublish, _) => false,
            (_, NamespaceKind::System) => CheckPolicy::default().required.iter().any(|id| id == check),
            _ => self.checks.required.iter().any(|id| id == check),
        }
    }

    /// The votes that a request takes. Nobody takes their own release out of quarantine.
    pub fn votes(&self, namespace: &namespace::Model, action: ReviewAction, first: bool, power: bool) -> i64 {
        if namespace.kind == NamespaceKind::System {
            return QuorumPolicy::default().default;
        }
        let trusted = self.self_publish.namespaces.contains(&namespace.handle);
        let base = match trusted && action != ReviewAction::Unquarantine {
            true => 0,
            false => self.quorum.default,
        };
        let more =
            [self.quorum.first_publication.filter(|_| first), self.quorum.new_capability.filter(|_| power)];
        more.into_iter().flatten().fold(base, i64::max)
    }

    pub fn check_window(&self, now: Timestamp) -> Result<()> {
        let windows = &self.release.windows;
        let open = |w: &String| Window::parse(w).is_some_and(|w| w.holds(now));
        match windows.is_empty() || windows.iter().any(open) {
            true => Ok(()),
            false => {
                let detail = format!("releases are made at {} (UTC)", windows.join(", "));
                Err(Error::conflict("outside-window", detail))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Policy> {
        Policy::parse(Path::new("policy.toml"), text)
    }

    #[test]
    fn the_sample_says_what_holds_without_a_file() {
        let sample = include_str!("../../docs/policy.sample.toml");
        assert_eq!(parsed(sample).unwrap(), Policy::default());
        // What it offers in comments is right, too.
        let offered: String =
            sample.lines().map(|l| l.strip_prefix("# = ").unwrap_or(l)).collect::<Vec<_>>().join("\n");
        assert_ne!(parsed(&offered).unwrap(), Policy::default());
    }

    #[test]
    fn an_error_names_file_table_and_field() {
        for (text, said) in [
            ("[checks]\nrequired = [\"x\"]", "policy.toml: [checks]: `required`: there is no check `x`"),
            ("[quorum]\ndefault = 0", "policy.toml: [quorum]: `default`: 1 to 10"),
            ("[quorum]\nvotes = 1", "policy.toml: [quorum]: unknown field `votes`"),
            ("[times]\ndue_hours = 0", "policy.toml: [times]: `due_hours`"),
            ("[release]\nwindows = [\"noon\"]", "policy.toml: [release]: `windows`: `noon`"),
            ("[self_publish]\nnamespaces = [\"No Name\"]", "policy.toml: [self_publish]:"),
            (
                "[signatures]\ntrust_roots = [{ name = \"k\", key = \"k\" }]",
                "policy.toml: [signatures]: `trust_roots.key` of `k`: a PEM public key",
            ),
            ("[other]", "policy.toml: `other`: tables are"),
            ("\n[", "policy.toml: line 2"),
        ] {
            let error = parsed(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text:?}: {error}");
        }
    }
}
