//! Bodies as Meshery Servers send them: without a content type, with keys in two spellings. Each is read within
//! bounds of size and time, and large ones a few at once. Knows no filter.
use super::wire::camel;
use crate::{
    error::{Error, Kind, Result},
    state::State,
};
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use futures_util::StreamExt;
use serde_json::{Map, Value};
use std::{future::Future, pin::Pin, time::Duration};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

/// A module of ten megabytes is more than thirteen as base64.
pub const MAX_BODY: usize = 16 * 1024 * 1024;
/// A body up to this is read without waiting for a turn: nobody's slow upload keeps it waiting.
const SMALL: usize = 64 * 1024;
/// The largest body comes within this at little more than two megabits a second.
const READING: Duration = Duration::from_secs(60);

/// A body, whatever it says that it is. It has its turn until it is taken apart.
pub struct Body {
    pub bytes: web::Bytes,
    turn: Option<OwnedSemaphorePermit>,
}

impl FromRequest for Body {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (state, stream) = (request.app_data::<web::Data<State>>().cloned(), payload.take());
        Box::pin(async move {
            let state = state.ok_or_else(|| Error::internal("no state"))?;
            within(READING, receive(&state, stream)).await
        })
    }
}

async fn receive(state: &State, mut stream: Payload) -> Result<Body> {
    let (mut bytes, mut turn) = (web::BytesMut::new(), None);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|e| Error::invalid("body", e.to_string()))?;
        let size = bytes.len() + chunk.len();
        if size > MAX_BODY {
            return Err(Error::new(Kind::TooLarge, "body-too-large", "a body is at most 16 MiB here"));
        }
        if size > SMALL && turn.is_none() {
            let next = state.meshery.bodies.clone().acquire_owned().await;
            turn = Some(next.map_err(|e| Error::internal(e.to_string()))?);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Body { bytes: bytes.freeze(), turn })
}

/// A body is read, or given up when its sender takes too long.
pub async fn within<T>(time: Duration, reading: impl Future<Output = Result<T>>) -> Result<T> {
    let late = || format!("the body did not arrive within {} seconds; send it again", time.as_secs());
    let read = tokio::time::timeout(time, reading).await;
    read.unwrap_or_else(|_| Err(Error::new(Kind::Invalid, "body-too-slow", late())))
}

impl Body {
    /// The JSON object that it is.
    pub fn fields(self) -> Result<Fields> {
        self.check_filled()?;
        let map = serde_json::from_slice(&self.bytes).map_err(|e| Error::invalid("body", e.to_string()))?;
        // The act that follows may take its time; others need not wait for it.
        drop(self.turn);
        Ok(Fields(map))
    }

    /// A refused token makes a Server send the request again, in some releases without the body.
    pub fn check_filled(&self) -> Result<()> {
        match self.bytes.iter().all(u8::is_ascii_whitespace) {
            true => Err(Error::invalid(
                "body",
                "the body is empty; a request that is sent again after a refresh needs its body again",
            )),
            false => Ok(()),
        }
    }
}

/// A JSON object whose keys may be in snake or in camel case.
#[derive(Clone, Debug, Default)]
pub struct Fields(pub Map<String, Value>);

impl Fields {
    /// The value of a key in either spelling; null is nothing.
    pub fn take(&mut self, snake: &str) -> Option<Value> {
        let first = self.0.shift_remove(snake).filter(|v| !v.is_null());
        let second = self.0.shift_remove(&camel(snake)).filter(|v| !v.is_null());
        first.or(second)
    }

    /// A text; an empty one is nothing.
    pub fn text(&mut self, snake: &str) -> Result<Option<String>> {
        match self.take(snake) {
            None => Ok(None),
            Some(Value::String(text)) if text.contains('\0') => {
                Err(Error::invalid(snake, "texts must not contain NUL"))
            }
            Some(Value::String(text)) => Ok(Some(text).filter(|t| !t.is_empty())),
            Some(_) => Err(Error::invalid(snake, "a text")),
        }
    }

    /// An id; the nil one is nothing.
    pub fn id(&mut self, snake: &str) -> Result<Option<Uuid>> {
        let Some(text) = self.text(snake)? else { return Ok(None) };
        let id: Uuid = text.parse().map_err(|_| Error::invalid(snake, "a UUID"))?;
        Ok(Some(id).filter(|id| !id.is_nil()))
    }

    pub fn need_id(&mut self) -> Result<Uuid> {
        self.id("id")?.ok_or_else(|| Error::invalid("id", "which one: its UUID"))
    }

    /// An object as it came; an empty one is nothing.
    pub fn object(&mut self, snake: &str) -> Result<Option<Value>> {
        match self.take(snake) {
            None => Ok(None),
            Some(Value::Object(map)) if map.is_empty() => Ok(None),
            Some(value @ Value::Object(_)) => {
                check_text(snake, &value)?;
                Ok(Some(value))
            }
            Some(_) => Err(Error::invalid(snake, "an object or null")),
        }
    }

    /// The object within, or all of this if it has none.
    pub fn inner(mut self, snake: &str) -> Result<Fields> {
        match self.take(snake) {
            None => Ok(self),
            Some(Value::Object(map)) => Ok(Self(map)),
            Some(_) => Err(Error::invalid(snake, "an object")),
        }
    }
}

/// PostgreSQL keeps no NUL in a text, escaped or not.
pub fn check_text(field: &str, value: &Value) -> Result<()> {
    let text = value.to_string();
    let escaped =
        |(at, _): (usize, &str)| text[..at].bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 0;
    if text.len() > 256 * 1024 {
        return Err(Error::invalid(field, "at most 256 KiB"));
    }
    match text.match_indices("\\u0000").any(escaped) {
        true => Err(Error::invalid(field, "texts must not contain NUL")),
        false => Ok(()),
    }
}
