//! What a Meshery Server asks about the tokens that it carries: the keys that sign them, whether one is good
//! still, a new one for an old one, and that a login is over.
use super::{
    body::within,
    sessions,
    wire::{both, ok},
};
use crate::{
    auth::Caller,
    error::{Error, Kind, Result},
    http::body,
    state::State,
};
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header, web};
use serde::Deserialize;
use serde_json::json;
use std::{future::Future, pin::Pin, time::Duration};
use utoipa_actix_web::service_config::ServiceConfig;

/// More than any token that we make, in its wrapper and in JSON.
const LONGEST: usize = 32 * 1024;
const READING: Duration = Duration::from_secs(10);

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .route("/keys", web::get().to(get_keys))
        .route("/introspect", web::post().to(introspect))
        .route("/refresh", web::post().to(refresh))
        .route("/revoke", web::post().to(revoke))
        .route("/logout", web::get().to(logout))
        .route("/logout", web::post().to(logout));
}

async fn get_keys(state: web::Data<State>) -> Result<HttpResponse> {
    Ok(ok(&json!({"keys": state.meshery.keys.current(&state).await?.published})))
}

#[derive(Deserialize)]
struct Sent {
    token: Option<String>,
}

/// The token that a Server asks about. Anybody may send one, so a body is short, is read in a short time, waits
/// for nobody else's, and nothing is kept of it but this.
struct Carried(String);

impl FromRequest for Carried {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(_: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let stream = payload.take();
        Box::pin(async move {
            let bytes = within(READING, body::read(stream, LONGEST)).await?;
            let long = || Error::new(Kind::TooLarge, "body-too-large", "a token is at most 32 KiB here");
            let sent: Sent = body::parse(&bytes.ok_or_else(long)?)?;
            let missing = || Error::invalid("token", "the token is missing");
            Ok(Self(sent.token.filter(|token| !token.is_empty()).ok_or_else(missing)?))
        })
    }
}

/// Once for each request to a Meshery Server: one read of the database.
async fn introspect(state: web::Data<State>, request: HttpRequest, carried: Carried) -> Result<HttpResponse> {
    let caller = sessions::caller(&state, &carried.0).await;
    let who = caller.as_ref().ok().and_then(Caller::identity);
    state.limits.admit_login(&request, who.and_then(sessions::of))?;
    let sub = caller?.identity().map(|who| who.handle.to_string());
    Ok(ok(&both(json!({"active": true, "token_type": "Bearer", "username": sub}))))
}

async fn refresh(state: web::Data<State>, request: HttpRequest, carried: Carried) -> Result<HttpResponse> {
    // One that has no token at all is asked badly; of one that has, a failure is to look like failure.
    let admit = |login| state.limits.admit_login(&request, login);
    match sessions::refresh(&state, &carried.0, admit).await {
        Ok(token) => Ok(ok(&json!({"token": token}))),
        Err(error) if error.code() == "unauthenticated" => Err(sessions::failed_refresh()),
        Err(error) => Err(error),
    }
}

async fn revoke(state: web::Data<State>, carried: Carried) -> Result<HttpResponse> {
    sessions::discard(&state, &carried.0).await?;
    Ok(ok(&json!({})))
}

/// Only what the bearer carries is ended: a link on a foreign page that leads here ends nothing. One that is
/// not known counts as ended.
async fn logout(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse> {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let token = header.and_then(|h| h.split_once(' ')).filter(|(s, _)| s.eq_ignore_ascii_case("bearer"));
    if let Some((_, token)) = token {
        sessions::leave(&state, token.trim()).await?;
    }
    Ok(ok(&json!({})))
}
