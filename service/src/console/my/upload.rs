//! The page of an upload: the form, and what was found when the module was not accepted.
use crate::{
    auth::Caller,
    console::{
        figures,
        frame::{self, Frame},
        grain, hosts,
        parts::*,
        powers,
    },
    error::{Error, Kind, Result},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;
use std::cmp::Reverse;
use tamis_entities::value::Sha256;
use tamis_verification::{Finding, Report, Severity};

/// What was typed, so that nobody types it twice.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    pub namespace: String,
    pub filter: String,
    pub version: String,
    pub url: String,
}

#[derive(Template)]
#[template(path = "console/upload.html")]
struct Page {
    frame: Frame,
    typed: Typed,
    refused: Option<Refused>,
    most: String,
    /// Where this server is reached.
    base: String,
}

struct Refused {
    title: String,
    lead: String,
    fields: Vec<(String, String)>,
    found: Option<Found>,
}

/// The report of a module that was refused.
struct Found {
    digest: Option<Sha256>,
    report: Report,
    findings: Vec<Finding>,
    capabilities: Vec<String>,
}

impl Found {
    fn of(report: &Report) -> Self {
        let mut findings = report.findings.clone();
        findings.sort_by_key(|finding| Reverse(finding.severity));
        let capabilities = report.capabilities.iter().map(|c| c.id.clone()).collect();
        Self { digest: report.sha256.parse().ok(), findings, capabilities, report: report.clone() }
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|f| f.severity == severity).count()
    }

    fn must(&self) -> usize {
        self.count(Severity::Error)
    }

    fn should(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn powers(&self) -> Vec<&'static powers::Power> {
        powers::of(&self.capabilities)
    }

    fn loads(&self) -> String {
        hosts::line(&self.report)
    }
}

impl Page {
    fn module(&self) -> &'static str {
        match &self.refused {
            None => "The module",
            Some(refused) if refused.found.is_some() => "The fixed module",
            Some(_) => "The module, once more",
        }
    }
}

impl Refused {
    fn of(error: &Error, typed: &Typed) -> Self {
        let found = error.report().map(Found::of);
        let name = if typed.filter.is_empty() { "The module" } else { &typed.filter };
        let title = format!("{name} {} was not accepted yet", typed.version);
        let lead = match &found {
            Some(found) => {
                let problems = match found.must() {
                    1 => "One problem would stop it from loading".to_owned(),
                    n => format!("{n} problems would stop it from loading"),
                };
                format!(
                    "{problems}. Nothing was stored, and the number {} is still yours to use.",
                    typed.version
                )
            }
            None if error.kind() == Kind::NotFound => format!(
                "There is no namespace {} in which you may make releases. Use your own handle, or that of a team you maintain.",
                typed.namespace
            ),
            // Each field says what is wrong with it.
            None if !error.fields().is_empty() => {
                "Mend what is said below, choose the file again, and send it once more.".to_owned()
            }
            None => error.detail().to_owned(),
        };
        let fields = error.fields().iter().map(|f| (f.field.clone(), f.message.clone())).collect();
        Self { title, lead, fields, found }
    }
}

/// The empty form, or the same with what went wrong.
pub fn reply(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    typed: Typed,
    error: Option<&Error>,
) -> Result<HttpResponse> {
    let refused = error.map(|error| Refused::of(error, &typed));
    let title = refused.as_ref().map_or_else(|| "Upload a filter".to_owned(), |r| r.title.clone());
    let status = match error.map(Error::kind) {
        None => StatusCode::OK,
        Some(Kind::Conflict) => StatusCode::CONFLICT,
        Some(Kind::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        Some(Kind::Rejected | Kind::Upstream) => StatusCode::UNPROCESSABLE_ENTITY,
        Some(Kind::NotFound) => StatusCode::NOT_FOUND,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let frame = Frame::of(state, request, caller, "my", title)?;
    let most = figures::size(state.serve.max_module_bytes);
    let base = state.public_url.clone();
    frame::reply(status, &Page { frame, typed, refused, most, base })
}

/// Whether a person can do something about it on the page; else it is shown as any other refusal.
pub fn is_shown(error: &Error) -> bool {
    use Kind::*;
    matches!(error.kind(), Conflict | TooLarge | Rejected | Upstream | Invalid | NotFound | UnsupportedMedia)
}
