//! What a browser remembers of how its person likes the console: theme, grid or table, and whether letters alone do
//! something. Cookies that say nothing of who it is.
use super::frame;
use crate::{
    auth::middleware::same_origin,
    error::{Error, Result},
    http::{body::Form, problem::Problems},
    sign_in::next,
    state::State,
};
use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    post, web,
};
use serde::Deserialize;
use utoipa::ToSchema;

const THEME: &str = "tamis_theme";
const VIEW: &str = "tamis_view";
const KEYS: &str = "tamis_keys";

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    /// `light`, `dark`, or `system`.
    pub theme: Option<String>,
    /// `grid` or `table`.
    pub view: Option<String>,
    /// `on` or `off`: whether a letter, a digit or a sign alone does something.
    pub keys: Option<String>,
    /// Where to go afterwards: a path of this server.
    pub next: Option<String>,
}

fn chosen(request: &HttpRequest, cookie: &str, known: [&'static str; 2]) -> Option<&'static str> {
    let value = request.cookie(cookie)?;
    known.into_iter().find(|word| *word == value.value())
}

pub fn theme(request: &HttpRequest) -> Option<&'static str> {
    chosen(request, THEME, ["light", "dark"])
}

/// Whether lists are tables for this person.
pub fn prefers_table(request: &HttpRequest) -> bool {
    chosen(request, VIEW, ["grid", "table"]) == Some("table")
}

/// Whether this person is helped by keys: those who speak to their browser, or whose hands slip, are not.
pub fn keys(request: &HttpRequest) -> bool {
    chosen(request, KEYS, ["on", "off"]) != Some("off")
}

fn cookie(state: &State, name: &'static str, value: &str) -> Cookie<'static> {
    let https = state.public_url.starts_with("https:");
    // The console's own script writes the theme, too.
    let cookie = Cookie::build(name, value.to_owned()).path("/").same_site(SameSite::Lax).secure(https);
    cookie.max_age(Duration::days(365)).finish()
}

pub fn view_cookie(state: &State, table: bool) -> Cookie<'static> {
    cookie(state, VIEW, if table { "table" } else { "grid" })
}

/// Remember how a person likes the pages
#[utoipa::path(tag = "pages", operation_id = "keepPreferences", request_body(content = Preferences, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Remembered, in cookies"), Problems), security(()))]
#[post("/preferences")]
pub async fn keep_preferences(
    state: web::Data<State>,
    request: HttpRequest,
    form: Form<Preferences>,
) -> Result<HttpResponse> {
    same_origin(&state, &request)?;
    let mut reply = frame::see(&next::local(form.0.next.as_deref()));
    for (name, value, known) in [
        (THEME, &form.0.theme, &["light", "dark", "system"][..]),
        (VIEW, &form.0.view, &["grid", "table"][..]),
        (KEYS, &form.0.keys, &["on", "off"][..]),
    ] {
        let Some(value) = value else { continue };
        if !known.contains(&value.as_str()) {
            return Err(Error::invalid("body", format!("one of {}", known.join(", "))));
        }
        reply.add_cookie(&cookie(&state, name, value)).map_err(|e| Error::internal(e.to_string()))?;
    }
    Ok(reply)
}
