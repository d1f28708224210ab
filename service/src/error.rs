//! The one error type. It knows what a caller can act on and nothing of HTTP;
//! `http::problem` maps it. Public text and internal cause are kept apart.
use sea_orm::{DbErr, SqlErr};
use std::{fmt, time::Duration};
use tamis_blobs::BlobError;
use tamis_verification::Report;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Absent, or not visible to the caller: the two are not told apart.
    NotFound,
    Unauthenticated,
    Forbidden,
    /// The request is understood and at odds with what is stored.
    Conflict,
    /// The caller's picture of the object is out of date (`If-Match`).
    Stale,
    Invalid,
    TooLarge,
    UnsupportedMedia,
    /// The module was refused by verification.
    Rejected,
    /// An address that the server must not connect to, or a fetch that failed.
    Upstream,
    RateLimited,
    /// The store is full.
    Full,
    /// A part that the server needs is away; trying again later helps.
    Unavailable,
    Internal,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub field: String,
    pub message: String,
}

pub struct Error(Box<Body>);

struct Body {
    kind: Kind,
    code: &'static str,
    detail: String,
    fields: Vec<Field>,
    report: Option<Report>,
    cause: Option<String>,
    retry_after: Option<Duration>,
}

impl Error {
    pub fn new(kind: Kind, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Body {
            kind,
            code,
            detail: detail.into(),
            fields: vec![],
            report: None,
            cause: None,
            retry_after: None,
        }))
    }

    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "not-found", "there is nothing here, or nothing that you may see")
    }

    pub fn unauthenticated(detail: &str) -> Self {
        Self::new(Kind::Unauthenticated, "unauthenticated", detail)
    }

    pub fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Forbidden, code, detail)
    }

    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, code, detail)
    }

    /// One field is wrong.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::invalid_fields(vec![Field { field: field.into(), message: message.into() }])
    }

    pub fn invalid_fields(fields: Vec<Field>) -> Self {
        let detail = match fields.as_slice() {
            [one] => format!("`{}`: {}", one.field, one.message),
            many => format!("{} fields are not valid", many.len()),
        };
        let mut error = Self::new(Kind::Invalid, "invalid", detail);
        error.0.fields = fields;
        error
    }

    pub fn rejected(report: Report) -> Self {
        let detail = "the module was refused; `errors` says why and what to do, `report` has everything that was found";
        let mut error = Self::new(Kind::Rejected, "module-refused", detail);
        let fields = report.findings.iter().filter(|f| f.severity == tamis_verification::Severity::Error);
        error.0.fields = fields
            .map(|f| Field {
                field: f.id.to_string(),
                message: [Some(f.message.as_str()), f.fix.as_deref()]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join("; "),
            })
            .collect();
        error.0.report = Some(report);
        error
    }

    /// Asked too often: when it may be asked again.
    pub fn rate_limited(wait: Duration) -> Self {
        let detail = "too many requests from here; `Retry-After` says how many seconds to wait";
        let mut error = Self::new(Kind::RateLimited, "rate-limited", detail);
        error.0.retry_after = Some(wait);
        error
    }

    /// Ours to fix: logged with its cause, told to nobody.
    pub fn internal(cause: impl Into<String>) -> Self {
        let mut error = Self::new(
            Kind::Internal,
            "internal",
            "something went wrong on our side; the log has it under this request id",
        );
        error.0.cause = Some(cause.into());
        error
    }

    pub fn unavailable(cause: impl Into<String>) -> Self {
        let mut error = Self::new(
            Kind::Unavailable,
            "unavailable",
            "a part of the service is away right now; try again in a moment",
        );
        error.0.cause = Some(cause.into());
        error
    }

    pub fn full(cause: impl Into<String>) -> Self {
        let mut error =
            Self::new(Kind::Full, "storage-full", "there is no room left to store this; nothing was changed");
        error.0.cause = Some(cause.into());
        error
    }

    /// Two transactions met and the database let one of them go: trying again now helps.
    pub fn is_contention(&self) -> bool {
        let signs = ["deadlock detected", "could not serialize"];
        self.0.kind == Kind::Unavailable && self.cause().is_some_and(|c| signs.iter().any(|s| c.contains(s)))
    }

    /// The same, said of one thing among several.
    pub fn about(mut self, what: &str) -> Self {
        self.0.detail = format!("{what}: {}", self.0.detail);
        self
    }

    pub fn kind(&self) -> Kind {
        self.0.kind
    }
    pub fn code(&self) -> &'static str {
        self.0.code
    }
    pub fn detail(&self) -> &str {
        &self.0.detail
    }
    pub fn fields(&self) -> &[Field] {
        &self.0.fields
    }
    pub fn report(&self) -> Option<&Report> {
        self.0.report.as_ref()
    }
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.detail)?;
        for field in &self.0.fields {
            write!(f, "; {}: {}", field.field, field.message)?;
        }
        match &self.0.cause {
            Some(cause) => write!(f, " ({cause})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        let text = error.to_string();
        if let Some(SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
            return Self::conflict(
                "conflict",
                "somebody else made the same thing at the same moment; read it and try again",
            );
        }
        let gone = matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_)));
        if gone || matches!(error, DbErr::RecordNotUpdated) {
            return Self::conflict(
                "conflict",
                "something that this needs was removed or is in use at the same moment; read it and try again",
            );
        }
        // SQLITE_FULL, SQLITE_BUSY, SQLITE_READONLY; PostgreSQL disk_full, read_only, serialization, too many clients.
        if text.contains("database or disk is full")
            || text.contains("No space left")
            || text.contains("could not extend file")
            // SQLITE_IOERR_SHMSIZE: no room for the index of the write-ahead log.
            || text.contains("code: 4874")
        {
            return Self::full(text);
        }
        let away = [
            "database is locked",
            "readonly database",
            "read-only transaction",
            "could not serialize",
            "deadlock detected",
            "too many clients",
            "disk I/O error",
            "unable to open database file",
        ];
        let connection = matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_));
        if connection
            || away.iter().any(|sign| text.contains(sign))
            || text.contains("terminating connection")
            || text.contains("error communicating with database")
        {
            return Self::unavailable(text);
        }
        Self::internal(text)
    }
}

impl From<BlobError> for Error {
    fn from(error: BlobError) -> Self {
        let text = error.to_string();
        match error {
            BlobError::Full(..) => Self::full(text),
            BlobError::Unavailable(..) => Self::unavailable(text),
            _ => Self::internal(text),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::full(error.to_string())
            }
            _ => Self::internal(error.to_string()),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error.to_string())
    }
}

impl From<tokio::task::JoinError> for Error {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::internal(error.to_string())
    }
}
