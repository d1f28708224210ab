//! How a client proves who it is at our endpoints (RFC 6749 section 2.3): its secret as Basic or
//! in the form, in one way only; a public client only names itself.
use super::{
    client::{self, Client},
    form::Fields,
    refusal::Refusal,
};
use crate::{auth::secret, state::State};
use actix_web::{HttpRequest, http::header};
use aws_lc_rs::constant_time;
use base64::{Engine, engine::general_purpose::STANDARD};

struct Given {
    id: String,
    secret: Option<String>,
}

pub async fn client(state: &State, request: &HttpRequest, fields: &Fields) -> Result<Client, Refusal> {
    let given = given(request, fields)?;
    let client = client::find(&*state.db, &given.id).await?.ok_or_else(Refusal::client)?;
    let proved = match (&client.secret_sha256, &given.secret) {
        (None, None) => true,
        (Some(known), Some(secret)) => {
            constant_time::verify_slices_are_equal(known.as_bytes(), secret::hash(secret).as_bytes()).is_ok()
        }
        _ => false,
    };
    if proved { Ok(client) } else { Err(Refusal::client()) }
}

fn given(request: &HttpRequest, fields: &Fields) -> Result<Given, Refusal> {
    let (id, secret) = (fields.get("client_id"), fields.get("client_secret"));
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let Some(first) = headers.next() else {
        let id = id.ok_or_else(|| Refusal::request("client_id is missing"))?;
        return Ok(Given { id: id.to_owned(), secret: secret.map(str::to_owned) });
    };
    if headers.next().is_some() {
        return Err(Refusal::request("send one Authorization header"));
    }
    let basic = first.to_str().ok().and_then(basic).ok_or_else(Refusal::client)?;
    if secret.is_some() {
        return Err(Refusal::request("send the client secret in one way, not in two"));
    }
    if id.is_some_and(|id| id != basic.id) {
        return Err(Refusal::request("client_id is another than that of the Authorization header"));
    }
    Ok(basic)
}

/// Name and secret are form-encoded before they are joined and encoded again.
fn basic(header: &str) -> Option<Given> {
    let (scheme, rest) = header.split_once(' ')?;
    let bytes = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(rest.trim()).ok())??;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |text: &str| {
        let pair = format!("={text}");
        let value = url::form_urlencoded::parse(pair.as_bytes()).next();
        value.map(|(_, value)| value.into_owned())
    };
    Some(Given { id: decoded(id)?, secret: decoded(secret).filter(|s| !s.is_empty()) })
}
