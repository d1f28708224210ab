//! Meshery's wire: keys in two spellings, ids of another version, two reply profiles. Knows no filter.
use crate::error::{Error, Result};
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::StatusCode};
use serde_json::{Map, Value, json};
use tamis_entities::value::Timestamp;
use uuid::Uuid;

pub use super::{
    asked::{Asked, By, Order, Pages},
    body::{Body, Fields, check_text},
};

pub fn camel(snake: &str) -> String {
    let mut parts = snake.split('_');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        name.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

pub fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Whom an answer is for. A client of Meshery Cloud's API names an organisation; a Meshery Server does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    Server,
    Cloud,
}

impl Profile {
    pub fn of(request: &HttpRequest) -> Self {
        match request.headers().contains_key("x-current-orgid") {
            true => Self::Cloud,
            false => Self::Server,
        }
    }
}

impl FromRequest for Profile {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self::of(request)))
    }
}

/// The same object with each key in camel case, too.
pub fn both(value: Value) -> Value {
    let Value::Object(map) = value else { return value };
    let mut all = Map::new();
    for (name, value) in map {
        if name.contains('_') {
            all.insert(camel(&name), value.clone());
        }
        all.insert(name, value);
    }
    Value::Object(all)
}

pub fn answer(status: StatusCode, value: &Value) -> HttpResponse {
    HttpResponse::build(status).insert_header(("cache-control", "no-store")).json(value)
}

pub fn ok(value: &Value) -> HttpResponse {
    answer(StatusCode::OK, value)
}

/// Meshery takes an id for a name unless it is of version 4. Ours are of version 7, and of those only the
/// version is said otherwise: either follows from the other.
pub fn shown(id: Uuid) -> Uuid {
    versioned(id, 4)
}

pub fn stored(id: Uuid) -> Uuid {
    versioned(id, 7)
}

fn versioned(id: Uuid, version: u8) -> Uuid {
    let mut bytes = *id.as_bytes();
    bytes[6] = (bytes[6] & 0x0f) | (version << 4);
    Uuid::from_bytes(bytes)
}

/// `created_at` and `updated_at` are in every object: Meshery's command line breaks without them.
pub fn times(created: Timestamp, updated: Timestamp) -> [(&'static str, Value); 2] {
    [("created_at", json!(created)), ("updated_at", json!(updated))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_ours_is_of_version_four_to_meshery_and_comes_back_as_it_was() {
        let id = Uuid::now_v7();
        assert_eq!(shown(id).get_version_num(), 4);
        assert_eq!(stored(shown(id)), id);
    }

    #[test]
    fn keys_are_there_in_both_spellings() {
        let value = both(json!({"total_count": 1, "page": 0}));
        assert_eq!(value, json!({"totalCount": 1, "total_count": 1, "page": 0}));
        let mut fields = Fields(value.as_object().cloned().unwrap());
        assert_eq!(fields.take("total_count"), Some(json!(1)));
    }
}
