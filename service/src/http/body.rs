//! Request bodies as JSON or as a form: bounded, no duplicate or unknown keys, errors that name
//! the field.
use crate::error::{Error, Kind, Result};
use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use std::{future::Future, pin::Pin};

const MAX_JSON: usize = 1024 * 1024;
pub const MAX_FORM: usize = 16 * 1024;
pub const FORM: &str = "application/x-www-form-urlencoded";

/// The media type of the body without its parameters, if the request names one.
pub fn essence(request: &HttpRequest) -> Option<String> {
    let media = request.headers().get(header::CONTENT_TYPE)?.to_str().unwrap_or("?");
    Some(media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// The body, or why it cannot be read: `None` when it holds more than `most` bytes.
pub async fn read(mut stream: Payload, most: usize) -> Result<Option<web::Bytes>> {
    let mut bytes = web::BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|e| Error::invalid("body", e.to_string()))?;
        if bytes.len() + chunk.len() > most {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(bytes.freeze()))
}

fn unsupported(detail: &str) -> Error {
    Error::new(Kind::UnsupportedMedia, "unsupported-media-type", detail)
}

fn too_large(detail: &str) -> Error {
    Error::new(Kind::TooLarge, "body-too-large", detail)
}

/// A JSON body. The slice's types refuse unknown fields; serde refuses duplicate ones.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media = essence(request);
        let stream = payload.take();
        Box::pin(async move {
            if media.is_some_and(|m| m != "application/json" && !m.ends_with("+json")) {
                return Err(unsupported("send the body as application/json"));
            }
            let bytes = read(stream, MAX_JSON).await?;
            parse(&bytes.ok_or_else(|| too_large("a JSON body is at most 1 MiB"))?).map(Json)
        })
    }
}

/// The body of a form on a page of ours.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, stream) = (request.clone(), payload.take());
        Box::pin(async move { parse_form(&form_text(&request, stream, MAX_FORM).await?).map(Form) })
    }
}

pub async fn form_text(request: &HttpRequest, stream: Payload, most: usize) -> Result<String> {
    if essence(request).is_some_and(|m| m != FORM) {
        return Err(unsupported("send the form as application/x-www-form-urlencoded"));
    }
    let bytes = read(stream, most).await?;
    let bytes = bytes.ok_or_else(|| too_large(&format!("this form is at most {} KiB", most / 1024)))?;
    String::from_utf8(bytes.into()).map_err(|_| Error::invalid("body", "a form is UTF-8"))
}

/// What was typed must not come back in the message: it may be a password.
pub fn parse_form<T: DeserializeOwned>(text: &str) -> Result<T> {
    let read = web::Query::<T>::from_query(text);
    read.map(web::Query::into_inner)
        .map_err(|_| Error::invalid("body", "a field is missing, unknown, or there twice"))
}

/// An absent body reads as `{}`.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    parse_field("body", bytes)
}

/// The same for JSON in a part of a form; errors name the part.
pub fn parse_field<T: DeserializeOwned>(field: &str, bytes: &[u8]) -> Result<T> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    let text = std::str::from_utf8(bytes).map_err(|_| Error::invalid(field, "JSON is UTF-8"))?;
    if has_nul(text) {
        return Err(Error::invalid(field, "texts must not contain NUL"));
    }
    // serde would also read a struct from an array of its fields.
    if !text.trim_start().starts_with('{') {
        return Err(Error::invalid(field, "send a JSON object"));
    }
    serde_json::from_str(text).map_err(|e| Error::invalid(field, e.to_string()))
}

/// The same of what is encoded for a URL. (`%2500` is a percent sign and digits.)
pub fn names_nul(text: &str) -> bool {
    text.contains("%00") || text.contains('\0')
}

/// PostgreSQL cannot store NUL in a text, escaped or not. (`\\u0000` is a backslash and letters.)
fn has_nul(text: &str) -> bool {
    let escaped =
        |(at, _): (usize, &str)| text[..at].bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 0;
    text.contains('\0') || text.match_indices("\\u0000").any(escaped)
}

/// A query string, with errors as problems.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Self::parse(request.query_string()))
    }
}

impl<T: DeserializeOwned> Query<T> {
    pub fn parse(text: &str) -> Result<Self> {
        if names_nul(text) {
            return Err(Error::invalid("query", "texts must not contain NUL"));
        }
        let parsed = web::Query::<T>::from_query(text);
        parsed.map(|query| Query(query.into_inner())).map_err(|e| Error::invalid("query", e.to_string()))
    }
}
