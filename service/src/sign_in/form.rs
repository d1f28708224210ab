//! The body of a form on a page of ours; errors as problems.
use crate::error::{Error, Kind, Result};
use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use std::{future::Future, pin::Pin};

const MOST: usize = 16 * 1024;

pub struct Form<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media = request.headers().get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap_or("?").to_owned());
        let stream = web::Payload::from_request(request, payload);
        Box::pin(async move {
            if let Some(media) = media {
                let essence = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
                if essence != "application/x-www-form-urlencoded" {
                    let detail = "send the form as application/x-www-form-urlencoded";
                    return Err(Error::new(Kind::UnsupportedMedia, "unsupported-media-type", detail));
                }
            }
            let mut stream = stream.await.map_err(|e| Error::invalid("body", e.to_string()))?;
            let mut bytes = web::BytesMut::new();
            while let Some(chunk) = stream.next().await {
                let chunk = chunk.map_err(|e| Error::invalid("body", e.to_string()))?;
                if bytes.len() + chunk.len() > MOST {
                    return Err(Error::new(Kind::TooLarge, "body-too-large", "a form is at most 16 KiB"));
                }
                bytes.extend_from_slice(&chunk);
            }
            let text = std::str::from_utf8(&bytes).map_err(|_| Error::invalid("body", "a form is UTF-8"))?;
            // What was typed must not come back in the message: it may be a password.
            let read = web::Query::<T>::from_query(text);
            read.map(|form| Form(form.into_inner()))
                .map_err(|_| Error::invalid("body", "a field is missing, unknown, or there twice"))
        })
    }
}
