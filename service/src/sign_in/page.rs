//! The sign-in page: a button for each provider, a form for local accounts. No script; works
//! with the keyboard alone. Knows no account.
use super::{browser, settings::Settings, throttle::Wait};
use crate::{
    console::{
        parts::{escape, ticked},
        plain,
    },
    error::Result,
    http::codes,
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use std::fmt::Write;

/// What the page says besides the ways in.
pub struct Shown<'a> {
    pub next: &'a str,
    /// The provider shall not answer from memory.
    pub again: bool,
    pub problem: Option<&'a str>,
    pub signed_in_as: Option<String>,
}

pub fn show(state: &State, request: &HttpRequest, shown: &Shown<'_>) -> Result<HttpResponse> {
    let (visit, cookie) = browser::keep_visit(state, request)?;
    let form = browser::form_token(state, &visit)?;
    let mut body = String::from("<h1>Sign in to Tamis</h1>");
    if let Some((_, meaning)) = codes::CODES.iter().find(|(code, _)| Some(*code) == shown.problem) {
        let _ = write!(body, "<p role=\"alert\">{}</p>", ticked(meaning));
    }
    if let Some(name) = &shown.signed_in_as {
        let name = escape(name);
        let _ = write!(
            body,
            "<p>You are signed in as <b>{name}</b>. Signing in again confirms that it is you.</p>"
        );
    }
    ways(&mut body, &state.sign_in.settings, shown);
    if state.sign_in.settings.local {
        local(&mut body, &form, shown);
    }
    link(&mut body, shown);
    let mut reply = plain::page("Sign in", &body);
    for cookie in [Some(cookie), browser::keep_next(state, request, shown.next)?].into_iter().flatten() {
        reply.add_cookie(&cookie).map_err(|e| crate::error::Error::internal(e.to_string()))?;
    }
    Ok(reply)
}

fn ways(body: &mut String, settings: &Settings, shown: &Shown<'_>) {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("next", shown.next);
    if shown.again {
        query.append_pair("again", "true");
    }
    let query = escape(&query.finish());
    let mut way = |path: &str, name: &str| {
        let name = escape(name);
        let _ = write!(body, "<a class=\"way\" href=\"{path}?{query}\">Sign in with {name}</a>");
    };
    for issuer in &settings.oidc {
        way(&format!("/sign-in/oidc/{}", issuer.id), &issuer.name);
    }
    if settings.github.is_some() {
        way("/sign-in/github", "GitHub");
    }
    if settings.local && (settings.github.is_some() || !settings.oidc.is_empty()) {
        body.push_str("<hr>");
    }
}

/// The way in for those who have no other.
fn link(body: &mut String, shown: &Shown<'_>) {
    let name = escape(shown.signed_in_as.as_deref().unwrap_or("NAME"));
    let back =
        if shown.next == "/" { "" } else { " Opened in this browser, it leads to where you were going." };
    let _ = write!(
        body,
        "<p>No way in? An operator makes a one-time link with <code>tamis user link {name}</code>.{back}</p>"
    );
}

/// Who confirms that it is them has no need to say their name.
fn local(body: &mut String, form: &str, shown: &Shown<'_>) {
    let next = escape(shown.next);
    let name = escape(shown.signed_in_as.as_deref().unwrap_or_default());
    let focus = if name.is_empty() { "" } else { " autofocus" };
    let _ = write!(
        body,
        "<form method=\"post\" action=\"/sign-in/local\"><input type=\"hidden\" name=\"form\" value=\"{form}\">\
<input type=\"hidden\" name=\"next\" value=\"{next}\">\
<label>Name<input name=\"name\" autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\" value=\"{name}\" required maxlength=\"64\"></label>\
<label>Password<input name=\"password\" type=\"password\" autocomplete=\"current-password\" required{focus}></label>\
<button>Sign in</button></form>"
    );
}

/// Somebody has tried too often.
pub fn wait(wait: &Wait) -> HttpResponse {
    let seconds = wait.0.as_secs() + 1;
    let body = format!(
        "<h1>Too many attempts</h1><p role=\"alert\">Wait {seconds} seconds, then try again. Other people, and you from another place, are not affected.</p><p><a href=\"/sign-in\">Back</a></p>"
    );
    let mut reply = plain::page("Too many attempts", &body);
    *reply.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    let name = actix_web::http::header::RETRY_AFTER;
    reply.headers_mut().insert(name, actix_web::http::header::HeaderValue::from(seconds));
    reply
}
