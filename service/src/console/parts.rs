//! Small parts that many pages show. Whatever came from people is escaped here or by the template. Pure.
use super::figures;
use askama::filters::Safe;
use std::fmt::Write;
use tamis_entities::value::{CheckResult, ReleaseState, ReviewState, Sha256, Verdict};
use tamis_verification::Severity;

/// A symbol of the sprite; hidden from screen readers, for a word stands beside it.
pub fn icon(name: &str) -> Safe<String> {
    Safe(format!("<svg class=\"i\" aria-hidden=\"true\"><use href=\"#i-{name}\"/></svg>"))
}

pub fn asset(name: &str) -> &'static str {
    super::assets::path(name)
}

/// A button that copies a whole text; only with script.
pub fn copy(text: &str, what: &str) -> Safe<String> {
    let (text, what) = (escape(text), escape(what));
    Safe(format!(
        "<button type=\"button\" class=\"button square copy\" data-copy=\"{text}\" aria-label=\"Copy {what}\" title=\"Copy {what}\">\
         <span class=\"rest\">{}</span><span class=\"done\">{}</span></button>",
        icon("copy"),
        icon("check")
    ))
}

pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// A text of ours as people read it: what stands between two backticks is code. Whatever is in it is escaped.
pub fn ticked(text: &str) -> Safe<String> {
    let mut out = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, (code, after))) =
        rest.split_once('`').and_then(|(before, from)| Some((before, from.split_once('`')?)))
    {
        let _ = write!(out, "{}<code>{}</code>", escape(before), escape(code));
        rest = after;
    }
    out.push_str(&escape(rest));
    Safe(out)
}

/// A state as icon and word; how it looks follows from what it means.
pub fn badge(look: &str, symbol: &str, word: &str) -> Safe<String> {
    let symbol = if symbol.is_empty() { String::new() } else { icon(symbol).0 };
    Safe(format!("<span class=\"badge {look}\">{symbol}{word}</span>"))
}

pub fn release_state(state: &ReleaseState) -> Safe<String> {
    match state {
        ReleaseState::Draft => badge("outline", "", "Draft"),
        ReleaseState::Published => badge("pass", "check", "Published"),
        ReleaseState::Yanked => badge("warn", "undo", "Yanked"),
        ReleaseState::Quarantined => badge("fail", "barred", "Quarantined"),
    }
}

pub fn review_state(state: &ReviewState) -> Safe<String> {
    match state {
        ReviewState::Checking => badge("accent", "timer", "Checking"),
        ReviewState::BlockedByChecks => badge("fail", "x", "Blocked by checks"),
        ReviewState::InReview => badge("accent", "eye", "In review"),
        ReviewState::ChangesRequested => badge("warn", "comment", "Changes requested"),
        ReviewState::Approved => badge("pass", "check", "Approved"),
        ReviewState::Published => badge("pass", "check", "Published"),
        ReviewState::Rejected => badge("fail", "x", "Rejected"),
        ReviewState::Withdrawn => badge("outline", "", "Withdrawn"),
        ReviewState::Expired => badge("outline", "", "Expired"),
        ReviewState::Superseded => badge("outline", "", "Superseded"),
    }
}

/// Look, symbol and word of a result. What could not run never looks like a pass.
pub fn result_words(result: &CheckResult) -> (&'static str, &'static str, &'static str) {
    match result {
        CheckResult::Pass => ("pass", "check", "Pass"),
        CheckResult::Warn => ("warn", "warn", "Warn"),
        CheckResult::Fail => ("fail", "x", "Fail"),
        CheckResult::Error => ("error", "barred", "Could not run"),
        CheckResult::NotApplicable => ("outline", "dash", "Not applicable"),
    }
}

pub fn check_result(result: &CheckResult) -> Safe<String> {
    let (look, symbol, word) = result_words(result);
    badge(look, symbol, word)
}

pub fn verdict(verdict: &Verdict) -> Safe<String> {
    check_result(&match verdict {
        Verdict::Pass => CheckResult::Pass,
        Verdict::Warn => CheckResult::Warn,
        Verdict::Fail => CheckResult::Fail,
        Verdict::Error => CheckResult::Error,
    })
}

/// What a check is called.
pub fn check_name(id: &str) -> String {
    match id {
        "verification" => "Verification report".into(),
        "hosts" => "Loads in required hosts".into(),
        "capabilities" => "Capabilities known".into(),
        "capability-change" => "Capability change".into(),
        "licence" => "Licence".into(),
        "readme" => "README".into(),
        "source" => "Source repository".into(),
        "name" => "Name is not confusing".into(),
        other => figures::capital(&other.replace(['-', '_'], " ")),
    }
}

/// What a finding is called: `Not wasm`, from `not-wasm`.
pub fn finding_name(id: &str) -> String {
    figures::capital(&id.replace('-', " ")).replace("Abi ", "ABI ")
}

/// Class and symbol of a finding.
pub fn severity(severity: &Severity) -> (&'static str, &'static str, &'static str) {
    match severity {
        Severity::Error => ("fail", "x", "Must fix"),
        Severity::Warning => ("warn", "warn", "Should fix"),
        Severity::Info => ("", "info", "For your information"),
    }
}

/// The digest as cards show it, with a button that takes all of it.
pub fn digest(digest: &Sha256, what: &str) -> Safe<String> {
    shown_digest(&digest.digest(), &format!("sha256:{}", figures::short(digest)), what)
}

/// The same of whatever kind, as the registry says them.
pub fn digest_text(digest: &str, what: &str) -> Safe<String> {
    let short = match digest.strip_prefix("sha256:").and_then(|hex| hex.parse::<Sha256>().ok()) {
        Some(sha256) => format!("sha256:{}", figures::short(&sha256)),
        None => digest.chars().take(20).chain(['…']).collect(),
    };
    shown_digest(digest, &short, what)
}

fn shown_digest(digest: &str, short: &str, what: &str) -> Safe<String> {
    let (digest_shown, short) = (escape(digest), escape(short));
    let button = copy(digest, what);
    Safe(format!(
        "<div class=\"digest\"><span class=\"mono\" title=\"{digest_shown}\">{short}</span>{button}</div>"
    ))
}

/// A person as a round sign with their initials; the name is beside it.
pub fn avatar(handle: &str, size: &str) -> Safe<String> {
    let mut parts = handle.split(['-', '.', '_']).filter_map(|part| part.chars().next());
    let initials: String = match (parts.next(), parts.next()) {
        (Some(a), Some(b)) => [a, b].iter().collect(),
        _ => handle.chars().take(2).collect(),
    };
    let hue = super::grain::hue(handle);
    Safe(format!("<span class=\"avatar {size} h{hue}\" aria-hidden=\"true\">{}</span>", escape(&initials)))
}

/// The text with what was searched for marked in it.
pub fn marked(text: &str, words: &[String]) -> Safe<String> {
    let folded = text.to_ascii_lowercase();
    let (mut out, mut at) = (String::with_capacity(text.len() + 32), 0);
    while at < text.len() {
        let next =
            words.iter().filter_map(|w| folded[at..].find(w.as_str()).map(|i| (at + i, w.len()))).min();
        let Some((start, length)) = next else { break };
        let _ =
            write!(out, "{}<mark>{}</mark>", escape(&text[at..start]), escape(&text[start..start + length]));
        at = start + length;
    }
    out.push_str(&escape(&text[at..]));
    Safe(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_become_code_and_nothing_gets_through_them() {
        let said = ticked("use `--export=<malloc>` & `tar`").0;
        assert_eq!(said, "use <code>--export=&lt;malloc&gt;</code> &amp; <code>tar</code>");
        assert_eq!(ticked("one ` alone <b>").0, "one ` alone &lt;b&gt;");
        assert_eq!([ticked("").0, ticked("``").0], ["", "<code></code>"]);
    }

    #[test]
    fn what_is_marked_is_escaped_as_well() {
        let words = ["head".to_owned(), "<b>".to_owned()];
        let said = marked("Strips HEADers <b>é", &words).0;
        assert_eq!(said, "Strips <mark>HEAD</mark>ers <mark>&lt;b&gt;</mark>é");
        assert_eq!(marked("é <i>", &[]).0, "é &lt;i&gt;");
    }
}
