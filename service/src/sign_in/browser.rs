//! The browser that a person signs in with: its cookies, and the tokens of the forms that we
//! show it. Knows no account.
use super::{link::LINK_LIFE, next, session::LONGEST};
use crate::{
    auth::caller::{COOKIE_HTTPS, COOKIE_LOOPBACK},
    auth::secret,
    error::{Error, Kind, Result},
    state::State,
};
use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time},
    http::header,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use std::time::Duration;

/// Tells browsers apart that have not signed in yet.
const VISIT_HTTPS: &str = "__Host-tamis-visit";
const VISIT_LOOPBACK: &str = "tamis_visit";
const VISIT_LIFE: Duration = Duration::from_secs(30 * 60);
/// Where somebody was going who may come back by a one-time link: as long as such a link is good.
const NEXT_HTTPS: &str = "__Host-tamis-next";
const NEXT_LOOPBACK: &str = "tamis_next";
/// Of a path that is kept; longer ones are for programs.
const LONGEST_NEXT: usize = 1000;

pub fn is_loopback(url: &str) -> bool {
    let host = url::Url::parse(url).ok().and_then(|u| u.host_str().map(str::to_owned));
    let plain = url.starts_with("http://");
    plain && host.is_some_and(|h| ["127.0.0.1", "localhost", "[::1]"].contains(&h.as_str()))
}

/// Refuses where the cookie would travel in the clear.
pub fn check_transport(state: &State) -> Result<()> {
    if state.public_url.starts_with("https:") || is_loopback(&state.public_url) {
        return Ok(());
    }
    let detail =
        "sign-in over plain http works on loopback only; put TLS in front and set --public-url to https";
    Err(Error::new(Kind::Forbidden, "insecure-sign-in", detail))
}

fn cookie(state: &State, names: [&'static str; 2], value: String, life: Duration) -> Result<Cookie<'static>> {
    check_transport(state)?;
    let https = state.public_url.starts_with("https:");
    let name = if https { names[0] } else { names[1] };
    let seconds = i64::try_from(life.as_secs()).unwrap_or(0);
    let cookie = Cookie::build(name, value).path("/").http_only(true).secure(https).same_site(SameSite::Lax);
    Ok(cookie.max_age(time::Duration::seconds(seconds)).finish())
}

pub fn session_cookie(state: &State, value: String) -> Result<Cookie<'static>> {
    cookie(state, [COOKIE_HTTPS, COOKIE_LOOPBACK], value, LONGEST)
}

pub fn no_session_cookie(state: &State) -> Result<Cookie<'static>> {
    let mut gone = session_cookie(state, String::new())?;
    gone.make_removal();
    Ok(gone)
}

fn value(state: &State, request: &HttpRequest, names: [&'static str; 2]) -> Option<String> {
    let name = if state.public_url.starts_with("https:") { names[0] } else { names[1] };
    request.cookie(name).map(|c| c.value().to_owned())
}

/// The secret of the session that the request carries, good or not.
pub fn session_secret(state: &State, request: &HttpRequest) -> Option<String> {
    value(state, request, [COOKIE_HTTPS, COOKIE_LOOPBACK]).filter(|v| !v.is_empty())
}

/// The secret of the visit, if this browser has one.
pub fn visit(state: &State, request: &HttpRequest) -> Option<String> {
    value(state, request, [VISIT_HTTPS, VISIT_LOOPBACK]).filter(|v| v.len() == 43)
}

/// The visit that goes on or begins, and the cookie that keeps it for another while.
pub fn keep_visit(state: &State, request: &HttpRequest) -> Result<(String, Cookie<'static>)> {
    let secret = match visit(state, request) {
        Some(known) => known,
        None => secret::fresh("")?.text,
    };
    let cookie = cookie(state, [VISIT_HTTPS, VISIT_LOOPBACK], secret.clone(), VISIT_LIFE)?;
    Ok((secret, cookie))
}

pub fn no_visit_cookie(state: &State) -> Result<Cookie<'static>> {
    let mut gone = cookie(state, [VISIT_HTTPS, VISIT_LOOPBACK], String::new(), Duration::ZERO)?;
    gone.make_removal();
    Ok(gone)
}

/// Keeps where this browser is going, or forgets where it was going before. None where there is nothing to do.
pub fn keep_next(state: &State, request: &HttpRequest, path: &str) -> Result<Option<Cookie<'static>>> {
    if path == "/" || path.len() > LONGEST_NEXT {
        let known = value(state, request, [NEXT_HTTPS, NEXT_LOOPBACK]).is_some();
        return known.then(|| no_next_cookie(state)).transpose();
    }
    let text = URL_SAFE_NO_PAD.encode(path);
    cookie(state, [NEXT_HTTPS, NEXT_LOOPBACK], text, LINK_LIFE).map(Some)
}

/// Where this browser was going: a path of ours, whoever wrote the cookie.
pub fn kept_next(state: &State, request: &HttpRequest) -> String {
    let text = value(state, request, [NEXT_HTTPS, NEXT_LOOPBACK]);
    let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).unwrap_or_default();
    next::local(std::str::from_utf8(&bytes).ok())
}

pub fn no_next_cookie(state: &State) -> Result<Cookie<'static>> {
    let mut gone = cookie(state, [NEXT_HTTPS, NEXT_LOOPBACK], String::new(), Duration::ZERO)?;
    gone.make_removal();
    Ok(gone)
}

fn keyed(state: &State, purpose: &str, text: &str) -> Result<Hmac<sha2::Sha256>> {
    let mut mac =
        Hmac::<sha2::Sha256>::new_from_slice(&state.secret).map_err(|e| Error::internal(e.to_string()))?;
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(text.as_bytes());
    Ok(mac)
}

/// A secret that follows from another one, for this purpose only.
pub fn derived(state: &State, purpose: &str, text: &str) -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(keyed(state, purpose, text)?.finalize().into_bytes()))
}

/// Whether this is what follows from that text, for this purpose.
pub fn is_derived(state: &State, purpose: &str, text: &str, given: &str) -> Result<bool> {
    let Ok(given) = URL_SAFE_NO_PAD.decode(given) else { return Ok(false) };
    Ok(keyed(state, purpose, text)?.verify_slice(&given).is_ok())
}

/// What a form carries that we show to the holder of this cookie.
pub fn form_token(state: &State, cookie: &str) -> Result<String> {
    derived(state, "form", cookie)
}

/// Refuses a form that we did not show to this browser.
pub fn check_form(state: &State, cookie: Option<&str>, token: &str) -> Result<()> {
    let refused = || Error::forbidden("form-expired", "this form has expired; open the page again");
    let given = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
    keyed(state, "form", cookie.ok_or_else(refused)?)?.verify_slice(&given).map_err(|_| refused())
}

/// The same for a form of the console, which is shown to those who are signed in. Who comes with a token of
/// their own has no cookie that a foreign page could make use of.
pub fn check_own_form(state: &State, request: &HttpRequest, token: &str) -> Result<()> {
    match request.headers().contains_key(header::AUTHORIZATION) {
        true => Ok(()),
        false => check_form(state, session_secret(state, request).as_deref(), token),
    }
}

/// What is kept of a browser with its session.
pub struct Visitor {
    pub user_agent: Option<String>,
    /// Of the session that a new sign-in replaces.
    pub session: Option<String>,
}

impl Visitor {
    pub fn of(state: &State, request: &HttpRequest) -> Self {
        let agent = request.headers().get(header::USER_AGENT).and_then(|v| v.to_str().ok());
        let agent = agent.map(|a| a.chars().filter(|c| !c.is_control()).take(300).collect());
        Self { user_agent: agent, session: session_secret(state, request) }
    }
}
