//! The checks, one small function each: they read the subject and nothing else. Whether one is
//! required is for the policy to say.
use super::{Check, CheckFinding, Outcome, subject::Subject};
use tamis_entities::value::CheckResult;
use tamis_verification::{Capability, Severity, Verdict};

/// In the order that people read them. A new check is a line here and a function below; a changed
/// rule raises its version.
pub const CHECKS: &[Check] = &[
    Check { id: "verification", version: tamis_verification::VERIFIER, run: verification },
    Check { id: "hosts", version: "2", run: hosts },
    Check { id: "capabilities", version: "1", run: capabilities },
    Check { id: "capability-change", version: "2", run: capability_change },
    Check { id: "size-jump", version: "1", run: size_jump },
    Check { id: "licence", version: "2", run: licence },
    Check { id: "readme", version: "1", run: readme },
    Check { id: "description", version: "1", run: description },
    Check { id: "source", version: "1", run: source },
    Check { id: "name", version: "1", run: name },
    Check { id: "signature", version: "2", run: signature },
];

fn finding(message: impl Into<String>, fix: Option<&str>) -> CheckFinding {
    CheckFinding { message: message.into(), fix: fix.map(str::to_owned) }
}

fn warn(message: impl Into<String>, fix: &str) -> Outcome {
    (CheckResult::Warn, vec![finding(message, Some(fix))])
}

/// What is missing fails where the policy requires it, and is worth a warning elsewhere.
fn missing(s: &Subject, check: &str, message: &str, fix: &str) -> Outcome {
    let result = if s.required.contains(&check) { CheckResult::Fail } else { CheckResult::Warn };
    (result, vec![finding(message, Some(fix))])
}

fn verification(s: &Subject) -> Outcome {
    let result = match s.report.verdict {
        Verdict::Pass => CheckResult::Pass,
        Verdict::Warn => CheckResult::Warn,
        Verdict::Fail => CheckResult::Fail,
        Verdict::Error => CheckResult::Error,
    };
    let told = s.report.findings.iter().filter(|f| f.severity != Severity::Info).take(50);
    (result, told.map(|f| finding(f.message.clone(), f.fix.as_deref())).collect())
}

/// Passes when at least one supported Envoy loads it.
fn hosts(s: &Subject) -> Outcome {
    let envoys = || s.report.hosts.iter().filter(|h| h.host == "envoy");
    let told = envoys().map(|h| match h.loads {
        true => finding(format!("Envoy {} loads it", h.versions), None),
        false => {
            let reason = h.reason.as_deref().unwrap_or("no reason known");
            finding(format!("Envoy {} does not load it: {reason}", h.versions), None)
        }
    });
    let result = if envoys().any(|h| h.loads) { CheckResult::Pass } else { CheckResult::Fail };
    (result, told.collect())
}

fn capabilities(s: &Subject) -> Outcome {
    (CheckResult::Pass, s.report.capabilities.iter().map(|c| finding(c.title.clone(), None)).collect())
}

/// What it can do and the release before could not; nothing when there was none. When what was published has been
/// quarantined or taken down, all of it: no approval speaks for any of its powers.
pub fn new_powers(s: &Subject) -> Vec<&Capability> {
    let before = match &s.before {
        None if s.fell => &[][..],
        None => return vec![],
        Some(before) => &before.report.capabilities[..],
    };
    let had = |c: &&Capability| before.iter().any(|b| b.id == c.id);
    s.report.capabilities.iter().filter(|c| !had(c)).collect()
}

fn capability_change(s: &Subject) -> Outcome {
    let since = match &s.before {
        None if s.fell => "new power, for no approval of this filter stands".to_owned(),
        None => return (CheckResult::NotApplicable, vec![finding("nothing was approved before", None)]),
        Some(before) => format!("new power since {}", before.version),
    };
    let fix = "say in the README what it needs this for";
    let new = new_powers(s);
    let told = new.iter().map(|c| finding(format!("{since}: {}", c.title), Some(fix)));
    let told: Vec<_> = told.collect();
    (if told.is_empty() { CheckResult::Pass } else { CheckResult::Warn }, told)
}

/// By how many percent it has grown, if by enough to wonder.
pub fn growth(s: &Subject) -> Option<i64> {
    let before = s.before.as_ref()?.size;
    let more = s.release.size.saturating_sub(before);
    let percent = more.saturating_mul(100).checked_div(before)?;
    (percent >= 10 && more > 4096).then_some(percent)
}

fn size_jump(s: &Subject) -> Outcome {
    let Some(before) = &s.before else { return (CheckResult::NotApplicable, vec![]) };
    match growth(s) {
        None => (CheckResult::Pass, vec![]),
        Some(percent) => {
            let grew = format!("grew by {percent} % since {}, to {} bytes", before.version, s.release.size);
            warn(grew, "strip debug information, or say what was added")
        }
    }
}

/// The licence before, if this is another.
pub fn former_licence(s: &Subject) -> Option<&str> {
    let before = s.before.as_ref()?.licence.as_deref()?;
    (s.metadata.licence.as_deref() != Some(before)).then_some(before)
}

fn licence(s: &Subject) -> Outcome {
    let fix = "name the licence as an SPDX expression, such as Apache-2.0 OR MIT";
    let Some(licence) = &s.metadata.licence else { return missing(s, "licence", "no licence is given", fix) };
    if let Err(error) = spdx::Expression::parse(licence) {
        let said = format!("\u{201c}{licence}\u{201d} is no SPDX expression: {}", error.reason);
        return (CheckResult::Fail, vec![finding(said, Some(fix))]);
    }
    match former_licence(s) {
        Some(before) => warn(format!("the licence was {before} before"), "say why it changes"),
        None => (CheckResult::Pass, vec![]),
    }
}

fn readme(s: &Subject) -> Outcome {
    match &s.metadata.readme {
        Some(text) if !text.trim().is_empty() => (CheckResult::Pass, vec![]),
        _ => {
            let fix = "say in the README what the filter does and how it is configured";
            missing(s, "readme", "there is no README", fix)
        }
    }
}

fn description(s: &Subject) -> Outcome {
    match s.filter.summary.trim() {
        "" => missing(s, "description", "there is no summary", "say in one sentence what the filter is for"),
        _ => (CheckResult::Pass, vec![]),
    }
}

fn source(s: &Subject) -> Outcome {
    match s.filter.source_repository {
        None => missing(s, "source", "no source repository is given", "name the repository of its source"),
        Some(_) => (CheckResult::Pass, vec![]),
    }
}

fn name(s: &Subject) -> Outcome {
    let fix = "choose a name that cannot be mistaken for it, unless it is meant to be the same filter";
    let alike = |known: &String| finding(format!("the name looks like that of {known}"), Some(fix));
    let told: Vec<_> = s.look_alikes.iter().map(alike).collect();
    (if told.is_empty() { CheckResult::Pass } else { CheckResult::Warn }, told)
}

fn signature(s: &Subject) -> Outcome {
    let found = &s.signatures;
    if !found.judged && s.required.contains(&"signature") {
        let told = "the policy asks for a signature, and has no key for this namespace";
        let fix = "ask whoever runs this server to add your key to the policy";
        return (CheckResult::Fail, vec![finding(told, Some(fix))]);
    }
    if !found.judged {
        let told = "the policy has no trust roots for this namespace, so no signature is judged";
        return (CheckResult::NotApplicable, vec![finding(told, None)]);
    }
    let signed =
        found.by.iter().map(|name| finding(format!("signed with the key \u{201c}{name}\u{201d}"), None));
    let fix = "sign one of the release's manifests with a key of the policy (cosign sign --key), then run the checks again";
    match (found.by.is_empty(), found.others) {
        (false, _) => (CheckResult::Pass, signed.collect()),
        (true, 0) => missing(s, "signature", "it is not signed", fix),
        (true, n) => {
            missing(s, "signature", &format!("no trust root has signed it; signatures of others: {n}"), fix)
        }
    }
}
