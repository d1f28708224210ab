//! Where a module loads, as people read it, from the ranges of the report. Pure.
use tamis_verification::Report;

pub struct Host {
    pub name: &'static str,
    pub ranges: Vec<Range>,
}

pub struct Range {
    pub versions: String,
    pub loads: bool,
    pub reason: Option<String>,
}

const NAMES: [(&str, &str, &str); 4] = [
    ("envoy", "Envoy", "Envoy"),
    ("istio", "Istio proxy", "Istio"),
    ("envoy-gateway", "Envoy Gateway", "Gateway"),
    ("proxy-wasm-cpp-host", "proxy-wasm C++ host", ""),
];

/// `1.39 and newer`, from `>=1.39`; `1.33 to 1.38`, from `>=1.33, <1.39`.
fn in_words(versions: &str) -> String {
    let bound = |sign: &str| versions.split(", ").find_map(|part| part.strip_prefix(sign));
    match (bound(">="), bound("<")) {
        (Some(from), None) => format!("{from} and newer"),
        (Some(from), Some(to)) => match last_before(from, to) {
            Some(last) if last == from => last,
            Some(last) => format!("{from} to {last}"),
            None => format!("{from} and newer, before {to}"),
        },
        (None, Some(to)) => format!("older than {to}"),
        (None, None) => versions.to_owned(),
    }
}

/// The last generation before that one: `1.38` before `1.39`. None where they are not counted, as days are not.
fn last_before(from: &str, to: &str) -> Option<String> {
    let generation = |text: &str| {
        let (major, minor) = text.split_once('.')?;
        Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?))
    };
    let ((major, first), (same, beyond)) = (generation(from)?, generation(to)?);
    (major == same && first < beyond).then(|| format!("{major}.{}", beyond - 1))
}

pub fn of(report: &Report) -> Vec<Host> {
    let host = |(id, name, _): &(&str, &'static str, &str)| {
        let ranges = report.hosts.iter().filter(|h| h.host == *id).map(|h| Range {
            versions: in_words(&h.versions),
            loads: h.loads,
            reason: h.reason.clone(),
        });
        Host { name, ranges: ranges.collect() }
    };
    NAMES.iter().map(host).filter(|host| !host.ranges.is_empty()).collect()
}

/// The oldest version from which a host loads the module up to the newest: `1.33`, or nothing.
fn since<'a>(report: &'a Report, host: &str) -> Option<&'a str> {
    let ranges = report.hosts.iter().filter(|h| h.host == host);
    let oldest = ranges.take_while(|h| h.loads).last()?;
    Some(oldest.versions.split(", ").find_map(|part| part.strip_prefix(">=")).unwrap_or("0"))
}

/// One line: `Envoy 1.33+ · Istio 1.25+`; empty where nothing known loads it.
pub fn line(report: &Report) -> String {
    let said = NAMES[..3].iter().filter_map(|(id, _, short)| match since(report, id)? {
        "0" => Some(format!("{short} any")),
        version => Some(format!("{short} {version}+")),
    });
    said.collect::<Vec<_>>().join(" · ")
}

/// The same for one column of a table.
pub fn cell(report: &Report, host: &str) -> Option<String> {
    since(report, host).map(|v| if v == "0" { "any".into() } else { format!("{v}+") })
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn a_range_of_versions_reads_as_people_say_it() {
        let said = [
            (">=1.39", "1.39 and newer"),
            (">=1.21, <1.33", "1.21 to 1.32"),
            (">=1.8, <1.9", "1.8"),
            ("<1.21", "older than 1.21"),
            (">=1.40, <2.1", "1.40 and newer, before 2.1"),
            (">=2024-12-19, <2026-04-06", "2024-12-19 and newer, before 2026-04-06"),
        ];
        for (versions, words) in said {
            assert_eq!(in_words(versions), words);
        }
    }
}
