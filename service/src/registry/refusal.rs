//! What goes wrong at the registry's door, in the form that OCI clients read. The pairs of code and
//! status are those of the distribution specification and of its best known implementation.
use crate::error::{Error, Kind};
use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde_json::{Value, json};
use std::{fmt, time::Duration};

pub type Result<T, E = Refusal> = std::result::Result<T, E>;

#[derive(Debug)]
pub struct Refusal(Box<Body>);

#[derive(Debug)]
struct Body {
    status: StatusCode,
    code: &'static str,
    message: String,
    detail: Value,
    /// How to come again with more rights.
    challenge: Option<String>,
    retry_after: Option<Duration>,
    /// The database let the transaction go in favour of another.
    contention: bool,
    headers: Vec<(header::HeaderName, String)>,
}

impl Refusal {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Body {
            status,
            code,
            message,
            detail: Value::Null,
            challenge: None,
            retry_after: None,
            contention: false,
            headers: vec![],
        }))
    }

    #[must_use]
    pub fn with(mut self, detail: Value) -> Self {
        self.0.detail = detail;
        self
    }

    #[must_use]
    pub fn header(mut self, name: header::HeaderName, value: impl Into<String>) -> Self {
        self.0.headers.push((name, value.into()));
        self
    }

    pub fn name_unknown() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "NAME_UNKNOWN",
            "there is no such repository, or none that you may see",
        )
    }

    pub fn name_invalid() -> Self {
        let message = "a repository is `<namespace>/<filter>`: lower-case letters, digits, and single `.`, `_` or `-` between them";
        Self::new(StatusCode::BAD_REQUEST, "NAME_INVALID", message)
    }

    pub fn manifest_unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "this repository has no such manifest")
    }

    pub fn blob_unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "this repository has no such blob")
    }

    pub fn upload_unknown() -> Self {
        let message = "there is no such upload: it has ended, was cancelled, or is somebody else's";
        Self::new(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", message)
    }

    pub fn digest_invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message)
    }

    pub fn manifest_invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", message)
    }

    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "DENIED", message)
    }

    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message)
    }

    /// 401 with what to ask the token service for: clients look for a challenge nowhere else.
    pub fn unauthorized(challenge: String, message: impl Into<String>) -> Self {
        let mut refusal = Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message);
        refusal.0.challenge = Some(challenge);
        refusal
    }

    pub fn status(&self) -> StatusCode {
        self.0.status
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        use StatusCode as S;
        if matches!(error.kind(), Kind::Internal | Kind::Unavailable | Kind::Full) {
            tracing::error!(%error, "request failed");
        }
        let (status, code) = match error.kind() {
            Kind::NotFound => (S::NOT_FOUND, "NAME_UNKNOWN"),
            Kind::Unauthenticated => (S::UNAUTHORIZED, "UNAUTHORIZED"),
            Kind::Forbidden | Kind::Conflict | Kind::Stale => (S::FORBIDDEN, "DENIED"),
            Kind::Invalid | Kind::UnsupportedMedia | Kind::Upstream => (S::BAD_REQUEST, "MANIFEST_INVALID"),
            Kind::TooLarge => (S::PAYLOAD_TOO_LARGE, "SIZE_INVALID"),
            Kind::Rejected => (S::BAD_REQUEST, "MANIFEST_INVALID"),
            Kind::RateLimited => (S::TOO_MANY_REQUESTS, "TOOMANYREQUESTS"),
            Kind::Full => (S::INSUFFICIENT_STORAGE, "UNAVAILABLE"),
            Kind::Unavailable => (S::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
            Kind::Internal => (S::INTERNAL_SERVER_ERROR, "UNKNOWN"),
        };
        let mut refusal = Self::new(status, code, error.detail());
        refusal.0.retry_after = error.retry_after();
        refusal.0.contention = error.is_contention();
        refusal.0.detail = match error.report() {
            Some(report) => json!({"verdict": report.verdict, "findings": report.findings}),
            None => json!({"code": error.code()}),
        };
        refusal
    }
}

impl From<sea_orm::DbErr> for Refusal {
    fn from(error: sea_orm::DbErr) -> Self {
        Error::from(error).into()
    }
}

impl From<tamis_blobs::BlobError> for Refusal {
    fn from(error: tamis_blobs::BlobError) -> Self {
        Error::from(error).into()
    }
}

/// Runs a transaction again when the database let it go in favour of another.
pub async fn retrying<T, F: Future<Output = Result<T>>>(mut transaction: impl FnMut() -> F) -> Result<T> {
    for _ in 0..2 {
        match transaction().await {
            Err(refusal) if refusal.0.contention => {}
            done => return done,
        }
    }
    transaction().await
}

/// Whether what is at this path is answered in this form.
pub fn speaks(path: &str) -> bool {
    path == "/v2" || path.starts_with("/v2/")
}

/// No endpoint of the specification, or none of a repository that can be here.
pub fn nothing() -> HttpResponse {
    Refusal::name_unknown().error_response()
}

pub fn wrong_method(methods: &[&str]) -> HttpResponse {
    let methods = methods.join(", ");
    let refusal = Refusal::unsupported(format!("this path answers to {methods}"));
    refusal.header(header::ALLOW, methods).error_response()
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.message)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut reply = HttpResponse::build(self.0.status);
        if let Some(challenge) = &self.0.challenge {
            reply.insert_header((header::WWW_AUTHENTICATE, challenge.as_str()));
        }
        let wait = self.0.retry_after.map(|wait| wait.as_secs() + 1);
        let away = self.0.status == StatusCode::SERVICE_UNAVAILABLE;
        if let Some(seconds) = wait.or(away.then_some(2)) {
            reply.insert_header((header::RETRY_AFTER, seconds));
        }
        for (name, value) in &self.0.headers {
            reply.insert_header((name.clone(), value.as_str()));
        }
        reply.insert_header((header::CACHE_CONTROL, "no-store"));
        let mut error = json!({"code": self.0.code, "message": self.0.message});
        if !self.0.detail.is_null() {
            error["detail"] = self.0.detail.clone();
        }
        reply.json(json!({"errors": [error]}))
    }
}
