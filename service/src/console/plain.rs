//! Pages with something to ask or to say and nothing around it: sign-in, consent, devices, refusals. No script
//! runs on them at all, for people type secrets there. Knows neither caller nor database.
use super::parts::*;
use crate::http::problem::ABOUT;
use actix_web::{HttpResponse, http::header};
use askama::Template;

/// No word of scripts: what is not allowed here is not.
pub const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

#[derive(Template)]
#[template(path = "console/plain.html")]
struct Plain<'a> {
    title: &'a str,
    theme: Option<&'static str>,
    body: &'a str,
}

/// `body` is HTML in which everything that people wrote is escaped already.
pub fn page(title: &str, body: &str) -> HttpResponse {
    let theme = ABOUT.try_with(|about| about.theme).unwrap_or_default();
    match (Plain { title, theme, body }).render() {
        Ok(html) => HttpResponse::Ok()
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type("text/html; charset=utf-8")
            .body(html),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}
