//! Query parameters that may come more than once: `?type=http&type=network`, or `?type=http,network`.
//! Everything else of a query is read as always, and comes once at most.
use super::body::Query;
use crate::error::Result;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use std::{collections::BTreeMap, fmt::Display, str::FromStr};
use url::form_urlencoded;

/// The values of such a parameter; empty if it is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Many<T, const MOST: usize = 20>(pub Vec<T>);

impl<T, const MOST: usize> Default for Many<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: FromStr<Err: Display>, const MOST: usize> Deserialize<'de> for Many<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let values = text.split(',').filter(|value| !value.is_empty());
        let values: Vec<T> = values.map(T::from_str).collect::<Result<_, _>>().map_err(D::Error::custom)?;
        match values.len() <= MOST {
            true => Ok(Self(values)),
            false => Err(D::Error::custom(format!("at most {MOST} values"))),
        }
    }
}

/// Which parameters these are.
pub trait Repeats {
    const REPEATS: &'static [&'static str];
}

/// A query string with such parameters.
pub struct ManyQuery<T>(pub T);

impl<T: DeserializeOwned + Repeats + 'static> FromRequest for ManyQuery<T> {
    type Error = crate::error::Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Self::parse(request.query_string()))
    }
}

impl<T: DeserializeOwned + Repeats> ManyQuery<T> {
    pub fn parse(text: &str) -> Result<Self> {
        Query::parse(&joined(text, T::REPEATS)).map(|Query(query)| Self(query))
    }
}

/// The same query with each of these parameters once, at its end.
fn joined(query: &str, repeats: &[&str]) -> String {
    let mut many: BTreeMap<_, String> = BTreeMap::new();
    let mut all = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !repeats.contains(&name.as_ref()) {
            all.append_pair(&name, &value);
            continue;
        }
        let values = many.entry(name).or_default();
        values.push_str(&value);
        values.push(',');
    }
    all.extend_pairs(many).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_repeat_is_joined() {
        let joined = |query| joined(query, &["type"]);
        assert_eq!(joined("type=a&q=x%26y&type=b"), "q=x%26y&type=a%2Cb%2C");
        assert_eq!(joined("limit=1&limit=2"), "limit=1&limit=2");
        assert_eq!(joined("&&"), "");
    }
}
