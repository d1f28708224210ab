//! Versions of hosts as people name them, and the row of the host table that answers for each.

use crate::HostSupport;
use crate::tables::{HOSTS, RECENT};

/// One version of one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostVersion {
    /// `envoy-1.36`.
    pub name: String,
    /// `Envoy 1.36`.
    pub title: String,
    /// The versions that load what it loads, as [`HostSupport::generation`] names them.
    pub generation: String,
}

impl HostSupport {
    /// Host and range of versions as one text: `envoy >=1.33, <1.39`.
    #[must_use]
    pub fn generation(&self) -> String {
        generation(&self.host, &self.versions)
    }
}

fn generation(host: &str, versions: &str) -> String {
    format!("{host} {versions}")
}

/// Those that their projects support now, newest first within each host.
#[must_use]
pub fn recent_hosts() -> Vec<HostVersion> {
    let names =
        RECENT.iter().flat_map(|(host, _, versions)| versions.iter().map(move |v| format!("{host}-{v}")));
    names.filter_map(|name| host_version(&name)).collect()
}

/// The version of that name, if it is one that the table knows: `envoy-1.36`, `envoy-gateway-1.6.1`.
#[must_use]
pub fn host_version(name: &str) -> Option<HostVersion> {
    HOSTS.iter().find_map(|row| {
        let version = name.strip_prefix(row.host)?.strip_prefix('-')?;
        let asked = numbers(version)?;
        if !row.versions.split(", ").all(|bound| is_within(&asked, bound)) {
            return None;
        }
        let title =
            RECENT.iter().find(|(host, ..)| *host == row.host).map_or(row.host, |(_, title, _)| title);
        Some(HostVersion {
            name: name.to_owned(),
            title: format!("{title} {version}"),
            generation: generation(row.host, row.versions),
        })
    })
}

fn is_within(asked: &[u32], bound: &str) -> bool {
    if let Some(first) = bound.strip_prefix(">=").and_then(numbers) {
        return *asked >= *first;
    }
    bound.strip_prefix('<').and_then(numbers).is_some_and(|end| *asked < *end)
}

/// `1.36` or `2026-04-06` as numbers, at most three.
fn numbers(text: &str) -> Option<Vec<u32>> {
    let parts: Vec<_> = text.split(['.', '-']).map(|part| part.parse().ok()).collect::<Option<_>>()?;
    (2..=3).contains(&parts.len()).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<String> {
        host_version(name).map(|version| version.generation)
    }

    #[test]
    fn a_version_belongs_to_the_row_that_has_it() {
        assert_eq!(of("envoy-1.36").as_deref(), Some("envoy >=1.33, <1.39"));
        assert_eq!(of("envoy-1.38.9").as_deref(), Some("envoy >=1.33, <1.39"));
        assert_eq!(of("envoy-1.39").as_deref(), Some("envoy >=1.39"));
        assert_eq!(of("envoy-gateway-1.2").as_deref(), Some("envoy-gateway >=1.1, <1.3"));
        assert_eq!(of("envoy-gateway-1.0"), None);
        assert_eq!(
            of("proxy-wasm-cpp-host-2025-01-01").as_deref(),
            Some("proxy-wasm-cpp-host >=2024-12-19, <2026-04-06")
        );
        for name in [
            "",
            "envoy",
            "envoy-",
            "envoy-x",
            "envoy-1",
            "envoy--1.36",
            "nginx-1.27",
            "envoy-1.2.3.4",
            "envoy-99999999999.1",
        ] {
            assert_eq!(of(name), None, "{name}");
        }
    }

    #[test]
    fn every_recent_version_is_known() {
        let all: usize = RECENT.iter().map(|(.., versions)| versions.len()).sum();
        assert_eq!(recent_hosts().len(), all);
        assert_eq!(recent_hosts()[0].title, "Envoy 1.40");
    }
}
