//! The report for people at a terminal: plain text, no colours, worst first.

use std::fmt::Write as _;

use crate::{Finding, Report, Verdict};

#[must_use]
pub fn render_text(report: &Report) -> String {
    let mut out = String::new();
    head(&mut out, report);
    findings(&mut out, report);
    capabilities(&mut out, report);
    hosts(&mut out, report);
    if !report.needs_run.is_empty() {
        line(&mut out, "\nOnly a run can tell");
        for open in &report.needs_run {
            line(&mut out, &format!("  {open}"));
        }
    }
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

fn head(out: &mut String, report: &Report) {
    let verdict = match report.verdict {
        Verdict::Pass => "PASS  Envoy loads this module",
        Verdict::Warn => "WARN  Envoy 1.40 loads this module; read the warnings",
        Verdict::Fail => "FAIL  Envoy refuses this module, or can be taken down by it",
        Verdict::Error => "ERROR the verification could not finish; this is not a pass",
    };
    line(out, verdict);
    line(out, &format!("  sha256     {}", report.sha256));
    line(out, &format!("  size       {} bytes", report.size));
    line(out, &format!("  abi        {}", report.abi_version.as_deref().unwrap_or("none")));
    let types: Vec<_> = report.type_evidence.iter().map(|ty| ty.as_str()).collect();
    let types = if types.is_empty() { "no evidence".to_owned() } else { types.join(", ") };
    line(out, &format!("  looks like {types}"));
    line(out, &format!("  built with {}", report.toolchain.as_deref().unwrap_or("unknown")));
    if report.memory.count > 0 {
        let pages = |pages: Option<u64>| pages.map_or("no limit".to_owned(), |pages| pages.to_string());
        let initial = pages(report.memory.initial_pages);
        line(out, &format!("  memory     {initial} pages, at most {}", pages(report.memory.maximum_pages)));
    }
}

fn findings(out: &mut String, report: &Report) {
    if report.findings.is_empty() {
        return;
    }
    line(out, "\nFindings");
    for finding in &report.findings {
        one_finding(out, finding);
    }
    if report.left_out.findings > 0 {
        line(out, &format!("  and {} more", report.left_out.findings));
    }
}

fn one_finding(out: &mut String, finding: &Finding) {
    let _ = writeln!(out, "  {:<8} {}  {}", finding.severity.as_str(), finding.id, finding.message);
    if let Some(location) = &finding.location {
        line(out, &format!("           at: {location}"));
    }
    if let Some(fix) = &finding.fix {
        line(out, &format!("           fix: {fix}"));
    }
}

fn capabilities(out: &mut String, report: &Report) {
    if report.capabilities.is_empty() {
        return;
    }
    line(out, "\nCan");
    for capability in &report.capabilities {
        let _ =
            writeln!(out, "  {:<16} {} ({})", capability.id, capability.title, capability.imports.join(", "));
    }
}

fn hosts(out: &mut String, report: &Report) {
    let reason = report.hosts.first().and_then(|host| host.reason.as_ref());
    if let Some(reason) =
        reason.filter(|reason| report.hosts.iter().all(|host| host.reason.as_ref() == Some(*reason)))
    {
        line(out, &format!("\nLoads nowhere\n  {reason}"));
        return;
    }
    line(out, "\nLoads in");
    for host in &report.hosts {
        let answer = match (&host.reason, host.loads) {
            (_, true) => "yes".to_owned(),
            (Some(reason), false) => format!("no: {reason}"),
            (None, false) => "no".to_owned(),
        };
        let _ = writeln!(out, "  {:<20} {:<26} {answer}", host.host, host.versions);
    }
}
