//! Errors on the wire: RFC 9457 problem details with a stable `code`.
use crate::error::{Error, Kind};
use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;
use std::{borrow::Cow, collections::BTreeMap};
use tamis_verification::Report;
use utoipa::{IntoResponses, ToSchema, openapi};

/// What an error says about the request that it ended.
#[derive(Clone, Debug, Default)]
pub struct About {
    pub request_id: String,
    pub public_url: String,
    /// Whether it came with an `Authorization` header.
    pub with_credential: bool,
    /// What its browser remembers of the console's theme.
    pub theme: Option<&'static str>,
}

/// What an answer says went wrong, kept beside it for whoever shows it to a person.
#[derive(Clone, Debug)]
pub struct Told {
    pub code: String,
    pub detail: String,
    pub instance: String,
    pub fields: Vec<(String, String)>,
}

tokio::task_local! {
    /// The request that this task serves.
    pub static ABOUT: About;
}

/// RFC 9457 problem details.
#[derive(Serialize, ToSchema)]
pub struct Problem {
    /// A URI that names the kind of problem.
    #[schema(example = "https://tamis.example.org/problems/release-exists")]
    pub r#type: String,
    pub title: String,
    pub status: u16,
    /// The stable name of the problem; the last segment of `type`.
    pub code: Cow<'static, str>,
    /// What happened and what to do.
    pub detail: String,
    /// The request id, as in the `X-Request-Id` header and the log.
    pub instance: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
    /// The report of a refused module.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

/// What is wrong with one field of the request.
#[derive(Serialize, ToSchema)]
pub struct ProblemField {
    pub field: String,
    pub message: String,
}

fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Stale => StatusCode::PRECONDITION_FAILED,
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::Rejected | Kind::Upstream => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Kind::Full => StatusCode::INSUFFICIENT_STORAGE,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::NotFound => "Not found",
        Kind::Unauthenticated => "Sign in first",
        Kind::Forbidden => "Not allowed",
        Kind::Conflict => "Conflict",
        Kind::Stale => "It has changed meanwhile",
        Kind::Invalid => "Not valid",
        Kind::TooLarge => "Too large",
        Kind::UnsupportedMedia => "Unsupported content type",
        Kind::Rejected => "The module was refused",
        Kind::Upstream => "The source could not be fetched",
        Kind::RateLimited => "Too many requests",
        Kind::Full => "Storage is full",
        Kind::Unavailable => "Unavailable for now",
        Kind::Internal => "Internal error",
    }
}

/// A problem that is not an `Error`: the router's 405, say.
pub fn respond(status: StatusCode, code: &'static str, title: &str, detail: &str) -> HttpResponse {
    render(status, &problem(status, code, title, detail))
}

fn problem(status: StatusCode, code: &'static str, title: &str, detail: &str) -> Problem {
    let about = ABOUT.try_with(Clone::clone).unwrap_or_default();
    Problem {
        r#type: format!("{}/problems/{code}", about.public_url),
        title: title.to_owned(),
        status: status.as_u16(),
        code: code.into(),
        detail: detail.to_owned(),
        instance: about.request_id,
        errors: vec![],
        report: None,
    }
}

fn render(status: StatusCode, problem: &Problem) -> HttpResponse {
    let mut reply = HttpResponse::build(status);
    if let Some(challenge) = challenge(status, &problem.code) {
        reply.insert_header((header::WWW_AUTHENTICATE, challenge));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        reply.insert_header((header::RETRY_AFTER, "2"));
    }
    reply.insert_header((header::CACHE_CONTROL, "no-store"));
    let reply = reply.content_type("application/problem+json");
    let mut reply = reply.body(serde_json::to_string(problem).unwrap_or_default());
    reply.extensions_mut().insert(Told {
        code: problem.code.to_string(),
        detail: problem.detail.clone(),
        instance: problem.instance.clone(),
        fields: problem.errors.iter().map(|e| (e.field.clone(), e.message.clone())).collect(),
    });
    reply
}

/// RFC 6750 section 3: who sent nothing is told no error.
fn challenge(status: StatusCode, code: &str) -> Option<&'static str> {
    let refused = ABOUT.try_with(|about| about.with_credential).unwrap_or_default();
    match (status, code) {
        (StatusCode::UNAUTHORIZED, _) if refused => Some(r#"Bearer realm="tamis", error="invalid_token""#),
        (StatusCode::UNAUTHORIZED, _) => Some(r#"Bearer realm="tamis""#),
        (_, "insufficient-scope") => Some(r#"Bearer realm="tamis", error="insufficient_scope""#),
        _ => None,
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        status(self.kind())
    }

    fn error_response(&self) -> HttpResponse {
        let status = status(self.kind());
        if matches!(self.kind(), Kind::Internal | Kind::Unavailable | Kind::Full) {
            tracing::error!(error = %self, status = status.as_u16(), "request failed");
        }
        let mut problem = problem(status, self.code(), title(self.kind()), self.detail());
        problem.errors = self
            .fields()
            .iter()
            .map(|f| ProblemField { field: f.field.clone(), message: f.message.clone() })
            .collect();
        problem.report = self.report().cloned();
        let mut reply = render(status, &problem);
        if let Some(wait) = self.retry_after() {
            // Whole seconds, rounded up: who comes then is let in.
            reply.headers_mut().insert(header::RETRY_AFTER, (wait.as_secs() + 1).into());
        }
        reply
    }
}

/// Lists itself last in every operation's responses: whatever goes wrong is a `Problem`.
pub struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, openapi::RefOr<openapi::Response>> {
        let content =
            openapi::ContentBuilder::new().schema(Some(openapi::Ref::from_schema_name("Problem"))).build();
        let response = openapi::ResponseBuilder::new()
            .description("What went wrong and what to do, as RFC 9457 problem details.")
            .content("application/problem+json", content)
            .build();
        BTreeMap::from([("default".to_owned(), response.into())])
    }
}
