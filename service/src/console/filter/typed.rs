//! What a curator has written of a quarantine before they were asked to sign in again: their browser keeps it until
//! they are back. Only for the same person and the same release, and only as this server wrote it down.
use crate::{
    auth::ReleaseAccess,
    error::{Error, Result},
    sign_in::browser,
    state::State,
};
use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

const NAME: &str = "tamis_typed";
/// As long as a sign-in may take.
const LIFE: Duration = Duration::minutes(30);

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typed {
    pub reason: String,
    pub note: String,
}

fn purpose(found: &ReleaseAccess) -> Result<String> {
    Ok(format!("typed by {} of {}", found.access.who()?.id, found.release.id))
}

/// Where it was written: the cookie goes nowhere else.
pub fn path(found: &ReleaseAccess) -> String {
    format!("/filters/{}/releases/{}/quarantine", found.access.name(), found.release.version)
}

fn cookie(state: &State, found: &ReleaseAccess, value: String) -> Cookie<'static> {
    let https = state.public_url.starts_with("https:");
    let cookie = Cookie::build(NAME, value).path(path(found)).http_only(true).secure(https);
    cookie.same_site(SameSite::Lax).max_age(LIFE).finish()
}

fn put(reply: &mut HttpResponse, cookie: &Cookie<'_>) -> Result<()> {
    reply.add_cookie(cookie).map_err(|e| Error::internal(e.to_string()))
}

pub fn keep(reply: &mut HttpResponse, state: &State, found: &ReleaseAccess, typed: &Typed) -> Result<()> {
    let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(typed)?);
    let seal = browser::derived(state, &purpose(found)?, &text)?;
    put(reply, &cookie(state, found, format!("{text}.{seal}")))
}

pub fn forget(reply: &mut HttpResponse, state: &State, found: &ReleaseAccess) -> Result<()> {
    let mut gone = cookie(state, found, String::new());
    gone.make_removal();
    put(reply, &gone)
}

/// None if nothing was kept, or it is not this server's word.
pub fn kept(state: &State, request: &HttpRequest, found: &ReleaseAccess) -> Result<Option<Typed>> {
    let Some(cookie) = request.cookie(NAME) else { return Ok(None) };
    let Some((text, seal)) = cookie.value().split_once('.') else { return Ok(None) };
    if !browser::is_derived(state, &purpose(found)?, text, seal)? {
        return Ok(None);
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    Ok(serde_json::from_slice(&bytes).ok())
}
