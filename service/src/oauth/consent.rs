//! Asking the person: what is remembered of earlier answers, the token that binds an answer to the
//! session it was asked in, and the pages.
use super::{
    authorize::Asked,
    client::Client,
    redirect,
    words::{Word, Words},
};
use crate::{
    auth::Identity,
    console::{
        parts::escape,
        plain::{self, page},
    },
    db::WriteTxn,
    error::{Error, Result},
    state::State,
};
use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_SECURITY_POLICY, HeaderValue},
    },
};
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};
use std::fmt::Write;
use tamis_entities::oauth_consent as row;
use uuid::Uuid;

/// Has this person said yes to all of it before? Whatever listens on a loopback address can be any
/// program that calls itself by this name, so that is asked each time (RFC 8252 section 8.6).
pub async fn is_known(state: &State, asked: &Asked, who: &Identity, words: &Words) -> Result<bool> {
    if asked.client.is_public() && redirect::to_this_machine(&asked.redirect_uri) {
        return Ok(false);
    }
    if asked.client.trusted {
        return Ok(true);
    }
    // A yes to tokens for Tamis is none to tokens for another service, and such a yes is good once.
    if asked.audience != state.public_url {
        return Ok(false);
    }
    let key = (who.id, asked.client.id.clone());
    let before = row::Entity::find_by_id(key).one(&*state.db).await?;
    Ok(before.is_some_and(|before| words.within(&Words::read(&before.scopes))))
}

pub async fn remember(
    state: &State,
    txn: &WriteTxn<'_>,
    client: &Client,
    who: &Identity,
    words: &Words,
) -> Result<()> {
    let before = row::Entity::find_by_id((who.id, client.id.clone())).one(&**txn).await?;
    let before = before.map(|before| Words::read(&before.scopes)).unwrap_or_default();
    let now = row::ActiveModel {
        user_id: Set(who.id),
        client_id: Set(client.id.clone()),
        scopes: Set(words.and(&before).to_string()),
        created_at: Set(state.clock.now()),
    };
    let again = OnConflict::columns([row::Column::UserId, row::Column::ClientId])
        .update_column(row::Column::Scopes)
        .to_owned();
    row::Entity::insert(now).on_conflict(again).exec_without_returning(&**txn).await?;
    Ok(())
}

/// A question as it was put: an answer to it is no answer to another, though the client may have changed since.
pub fn put(question: &str, client: &Client, words: &Words, audience: &str) -> String {
    serde_json::json!([question, client.id, client.name, words.to_string(), audience]).to_string()
}

fn mac(state: &State, session: Uuid, question: &str) -> Result<Hmac<sha2::Sha256>> {
    let mut mac =
        Hmac::<sha2::Sha256>::new_from_slice(&state.secret).map_err(|e| Error::internal(e.to_string()))?;
    mac.update(b"oauth consent\0");
    mac.update(session.as_bytes());
    mac.update(question.as_bytes());
    Ok(mac)
}

/// Good for one question in one session.
pub fn seal(state: &State, session: Uuid, question: &str) -> Result<String> {
    Ok(hex::encode(mac(state, session, question)?.finalize().into_bytes()))
}

pub fn is_sealed(state: &State, session: Uuid, question: &str, seal: &str) -> Result<bool> {
    let Ok(bytes) = hex::decode(seal) else { return Ok(false) };
    Ok(mac(state, session, question)?.verify_slice(&bytes).is_ok())
}

fn list(words: &Words) -> String {
    let mut html = String::from("<ul>");
    for word in words.iter() {
        let _ = write!(html, "<li>{} <small><code>{}</code></small>", word.in_words(), word.as_str());
    }
    html.push_str("</ul>");
    html
}

fn buttons(action: &str, question: &str, seal: &str) -> String {
    format!(
        "<form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"question\" value=\"{}\">\
         <input type=\"hidden\" name=\"seal\" value=\"{seal}\"><p><button name=\"answer\" value=\"yes\">Allow</button> \
         <button name=\"answer\" value=\"no\">Do not allow</button></p></form>",
        escape(question)
    )
}

/// The question whether a client may act for somebody.
pub fn ask(asked: &Asked, who: &Identity, words: &Words, question: &str, seal: &str) -> HttpResponse {
    let audience = match words.has(Word::OpenId) && words.scopes().iter().next().is_none() {
        true => String::new(),
        false => format!("<p>Its tokens are for <code>{}</code>.</p>", escape(&asked.audience)),
    };
    let body = format!(
        "<h1>Let {} act for you?</h1><p>You are signed in as <b>{}</b>. It asks to</p>{}{audience}\
         <p>Afterwards you are sent to <b>{}</b>. If that is not where you came from, do not allow it.</p>{}",
        escape(&asked.client.name),
        who.handle,
        list(words),
        escape(&redirect::place(&asked.redirect_uri)),
        buttons("/oauth2/authorize", question, seal)
    );
    let mut reply = page("Allow access", &body);
    // Browsers apply `form-action` to where the form's answer leads, too.
    let also = format!("form-action 'self' {}", redirect::policy_source(&asked.redirect_uri));
    let policy = plain::POLICY.replace("form-action 'self'", &also);
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        reply.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    reply
}

/// The same for a device.
pub fn ask_for_device(
    client: &Client,
    who: &Identity,
    words: &Words,
    code: &str,
    seal: &str,
) -> HttpResponse {
    let body = format!(
        "<h1>Let a device in?</h1><p>Does your device show <b>{code}</b>? If you did not begin this yourself, or somebody \
         sent you the code, do not allow it.</p><p>You are signed in as <b>{}</b>. <b>{}</b> asks to</p>{}{}",
        who.handle,
        escape(&client.name),
        list(words),
        buttons("/device", code, seal)
    );
    page("Let a device in", &body)
}

/// Where a person types the code that the device shows.
pub fn device_form(wrong: bool) -> HttpResponse {
    let hint = if wrong { "<p><b>No device waits under this code.</b> It may have ended.</p>" } else { "" };
    let body = format!(
        "<h1>Let a device in</h1>{hint}<form method=\"get\" action=\"/device\"><p><label>The code that it shows \
         <input name=\"user_code\" maxlength=\"16\" autocomplete=\"off\" autofocus></label> <button>Go on</button></p></form>"
    );
    say(if wrong { StatusCode::BAD_REQUEST } else { StatusCode::OK }, "Let a device in", &body)
}

/// A page with something to say and nothing to press.
pub fn say(status: StatusCode, title: &str, body: &str) -> HttpResponse {
    let mut reply = page(title, body);
    *reply.status_mut() = status;
    reply
}
