//! One fact changed in a good module: the verdict follows it.

use std::collections::{BTreeMap, BTreeSet};

use tamis_e2e::modules::{Outcome, good, mutants};
use tamis_verification::{Severity, Verdict};

use super::as_http;

#[test]
fn the_good_module_passes_without_a_warning() {
    let report = as_http(&good());
    assert_eq!(report.verdict, Verdict::Pass, "{:?}", report.findings);
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert!(report.hosts.iter().all(|host| host.loads), "{:?}", report.hosts);
}

#[test]
fn there_are_many_mutants_and_each_has_a_name_of_its_own() {
    let all = mutants();
    let names: BTreeSet<_> = all.iter().map(|mutant| &mutant.name).collect();
    assert!(all.len() >= 200, "{}", all.len());
    assert_eq!(names.len(), all.len());
}

#[test]
fn a_mutant_fails_if_and_only_if_envoy_refuses_it_or_dies_of_it() {
    let mut wrong = Vec::new();
    for mutant in mutants() {
        let report = as_http(&mutant.bytes);
        let fails = matches!(mutant.outcome, Outcome::Refuses | Outcome::Dies | Outcome::LoadsUntilUsed);
        let as_expected = match report.verdict {
            Verdict::Fail => fails,
            Verdict::Pass | Verdict::Warn => !fails,
            Verdict::Error => false,
        };
        if !as_expected {
            wrong.push(format!(
                "{}: {:?}, {:?} {:?}",
                mutant.name, mutant.outcome, report.verdict, report.findings
            ));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_failing_mutant_is_told_what_is_wrong_and_what_to_do() {
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    for mutant in mutants() {
        let report = as_http(&mutant.bytes);
        if report.verdict != Verdict::Fail {
            continue;
        }
        let errors: Vec<_> =
            report.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        assert!(!errors.is_empty(), "{}", mutant.name);
        for error in errors {
            assert!(error.fix.as_ref().is_some_and(|fix| fix.len() > 10), "{}: {error:?}", mutant.name);
            *ids.entry(error.id.clone()).or_default() += 1;
        }
        assert!(report.hosts.iter().all(|host| !host.loads && host.reason.is_some()), "{}", mutant.name);
    }
    assert!(ids.len() >= 25, "{ids:?}");
}

#[test]
fn a_report_survives_json() {
    for mutant in mutants() {
        let report = as_http(&mutant.bytes);
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<tamis_verification::Report>(&text).unwrap(), report);
    }
}
