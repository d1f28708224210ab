//! Request bodies as JSON: bounded, no duplicate or unknown keys, errors that name the field.
use crate::error::{Error, Kind, Result};
use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use std::{future::Future, pin::Pin};

const MAX_JSON: usize = 1024 * 1024;

/// A JSON body. The slice's types refuse unknown fields; serde refuses duplicate ones.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media = request.headers().get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap_or("?").to_owned());
        let stream = web::Payload::from_request(request, payload);
        Box::pin(async move {
            if let Some(media) = media {
                let essence = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
                if essence != "application/json" && !essence.ends_with("+json") {
                    return Err(Error::new(
                        Kind::UnsupportedMedia,
                        "unsupported-media-type",
                        "send the body as application/json",
                    ));
                }
            }
            let mut stream = stream.await.map_err(|e| Error::invalid("body", e.to_string()))?;
            let mut bytes = web::BytesMut::new();
            while let Some(chunk) = stream.next().await {
                let chunk = chunk.map_err(|e| Error::invalid("body", e.to_string()))?;
                if bytes.len() + chunk.len() > MAX_JSON {
                    return Err(Error::new(Kind::TooLarge, "body-too-large", "a JSON body is at most 1 MiB"));
                }
                bytes.extend_from_slice(&chunk);
            }
            parse(&bytes).map(Json)
        })
    }
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
        let text = request.query_string();
        if text.contains("%00") || text.contains('\0') {
            return std::future::ready(Err(Error::invalid("query", "texts must not contain NUL")));
        }
        let parsed = web::Query::<T>::from_query(text);
        std::future::ready(match parsed {
            Ok(query) => Ok(Query(query.into_inner())),
            Err(e) => Err(Error::invalid("query", e.to_string())),
        })
    }
}
