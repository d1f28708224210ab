//! The catalogue of reasons: codes that decisions carry, with the words that the author reads
//! when the curator adds none. Codes are stable.
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = ReviewReason)]
pub struct Reason {
    pub code: &'static str,
    pub title: &'static str,
    /// Stands in for a note.
    pub text: &'static str,
    /// The decisions that it fits.
    pub decisions: &'static [&'static str],
}

const fn reason(
    code: &'static str,
    title: &'static str,
    text: &'static str,
    decisions: &'static [&'static str],
) -> Reason {
    Reason { code, title, text, decisions }
}

const BACK: &[&str] = &["request_changes", "reject"];
const NO: &[&str] = &["reject"];

pub const REASONS: &[Reason] = &[
    reason(
        "readme-unclear",
        "README does not say enough",
        "Please say in the README what the filter does, how it is configured and what it does when something fails.",
        &["request_changes"],
    ),
    reason(
        "licence",
        "Licence missing or not usable",
        "Please name the licence as an SPDX expression, one that allows others to run the filter.",
        BACK,
    ),
    reason(
        "source-missing",
        "Source cannot be found",
        "Please name the repository and the commit from which the module was built.",
        BACK,
    ),
    reason(
        "power-unexplained",
        "Can do more than it explains",
        "The module imports host functions that its description gives no reason for. Please explain them, or build without.",
        BACK,
    ),
    reason(
        "calls-undocumented",
        "Calls out without saying where",
        "Please document every destination that the filter calls and what leaves with the call.",
        BACK,
    ),
    reason(
        "name-confusing",
        "Name would be mistaken for another",
        "The name is too close to that of a filter that people know. Please choose another.",
        BACK,
    ),
    reason(
        "fails-open",
        "Lets traffic through when it fails",
        "A filter that guards something must refuse when it cannot decide. Please make it fail closed, or say why not.",
        BACK,
    ),
    reason("malicious", "Harms who runs it", "The module does what its users would not agree to.", NO),
    reason("duplicate", "Is there already", "The catalog has a filter that does the same.", NO),
    reason(
        "out-of-scope",
        "Does not belong here",
        "This instance does not publish filters of this kind.",
        NO,
    ),
];

/// The words of a code.
pub fn text(code: Option<&str>) -> Option<&'static str> {
    let code = code?;
    REASONS.iter().find(|r| r.code == code).map(|r| r.text)
}
