//! What every page has around it: who is signed in, the place in the console, the theme, and the headers of
//! the answer. Knows no page.
use super::preferences;
use crate::{
    auth::{Caller, Identity, table::readable},
    error::{Error, Result},
    sign_in::me::sign_out_token,
    state::State,
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode, header},
};
use askama::Template;
use tamis_entities::value::Role;

/// Nothing runs, loads or frames but what this server sends itself.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

pub struct Frame {
    pub title: String,
    /// The place of the top bar that is marked.
    pub place: &'static str,
    /// A class for the page's body.
    pub look: &'static str,
    pub who: Option<Who>,
    /// What the person chose; nothing follows the system.
    pub theme: Option<&'static str>,
    /// Whether keys without Ctrl or Alt do something.
    pub keys: bool,
    /// The token of every form on the page.
    pub form: String,
    /// Path and query of the page itself, or of the one whose form it answers.
    pub here: String,
}

pub struct Who {
    pub handle: String,
    pub role: Role,
    pub curator: bool,
    pub admin: bool,
}

impl Who {
    fn of(who: &Identity) -> Self {
        let admin = who.role >= Role::Admin;
        Self { handle: who.handle.to_string(), role: who.role, curator: who.is_curator(), admin }
    }
}

impl Frame {
    pub fn of(
        state: &State,
        request: &HttpRequest,
        caller: &Caller,
        place: &'static str,
        title: impl Into<String>,
    ) -> Result<Self> {
        let here = match *request.method() {
            Method::GET => request.uri().path_and_query().map_or_else(|| "/".into(), ToString::to_string),
            _ => readable(request.path()).to_owned(),
        };
        Ok(Self {
            title: title.into(),
            place,
            look: "",
            who: caller.identity().map(Who::of),
            theme: preferences::theme(request),
            keys: preferences::keys(request),
            form: sign_out_token(state, request)?,
            here,
        })
    }

    /// Whether the reader judges the work of others.
    pub fn curates(&self) -> bool {
        self.who.as_ref().is_some_and(|who| who.curator)
    }

    pub fn looking(self, look: &'static str) -> Self {
        Self { look, ..self }
    }
}

pub fn reply(status: StatusCode, page: &impl Template) -> Result<HttpResponse> {
    let html = page.render().map_err(|e| Error::internal(format!("a page: {e}")))?;
    Ok(HttpResponse::build(status)
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::VARY, "Cookie, HX-Request"))
        .content_type("text/html; charset=utf-8")
        .body(html))
}

/// After a form: to the page that shows what it did.
pub fn see(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}
