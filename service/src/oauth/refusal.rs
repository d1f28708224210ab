//! Errors as OAuth writes them (RFC 6749 section 5.2): `error` for programs, `error_description`
//! for people. Never repeats what was sent.
use crate::error::{Error, Kind};
use actix_web::{HttpResponse, ResponseError, http::StatusCode, http::header};
use serde::Serialize;
use std::fmt;
use utoipa::ToSchema;

/// An error in the form of OAuth 2.0 (RFC 6749 section 5.2).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OauthError)]
pub struct Refusal {
    #[schema(value_type = String, example = "invalid_request")]
    pub error: &'static str,
    /// What is wrong and what to do.
    #[schema(value_type = String)]
    pub error_description: &'static str,
    #[serde(skip)]
    status: StatusCode,
}

impl Refusal {
    pub fn new(error: &'static str, error_description: &'static str) -> Self {
        Self { error, error_description, status: StatusCode::BAD_REQUEST }
    }

    pub fn request(description: &'static str) -> Self {
        Self::new("invalid_request", description)
    }

    /// The code or token is not good; why is nobody's business.
    pub fn grant() -> Self {
        Self::new("invalid_grant", "it is not known, was used, has expired, or is not of this client")
    }

    pub fn client() -> Self {
        let description = "the client is not known, is disabled, or did not prove who it is";
        Self { status: StatusCode::UNAUTHORIZED, ..Self::new("invalid_client", description) }
    }

    pub fn scope() -> Self {
        Self::new(
            "invalid_scope",
            "name at least one scope that both the client and the person may have, words between spaces",
        )
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (status, name) = match error.kind() {
            Kind::Unavailable | Kind::Full | Kind::Conflict => {
                (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable")
            }
            Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
            _ => return Self::request("the request is not valid"),
        };
        tracing::error!(%error, "an OAuth request failed");
        Self { status, ..Self::new(name, "something is wrong on our side; try again in a moment") }
    }
}

impl From<sea_orm::DbErr> for Refusal {
    fn from(error: sea_orm::DbErr) -> Self {
        Error::from(error).into()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error, self.error_description)
    }
}

impl std::error::Error for Refusal {}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut reply = HttpResponse::build(self.status);
        if self.status == StatusCode::UNAUTHORIZED {
            reply.insert_header((header::WWW_AUTHENTICATE, r#"Basic realm="tamis""#));
        }
        reply.insert_header((header::CACHE_CONTROL, "no-store")).json(self)
    }
}
