//! Parameters of OAuth requests, in a query or a form: each at most once, without NUL; one
//! without a value counts as absent (RFC 6749 section 3.1). Unknown ones are ignored.
use super::refusal::Refusal;
use crate::http::body;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use std::{collections::BTreeMap, future::Future, pin::Pin};

#[derive(Clone, Default)]
pub struct Fields(BTreeMap<String, String>);

impl Fields {
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.len() > body::MAX_FORM {
            return Err(Refusal::request("the request is too long"));
        }
        let mut fields = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()).into_owned() {
            if name.contains('\0') || value.contains('\0') {
                return Err(Refusal::request("texts must not contain NUL"));
            }
            if fields.insert(name, value).is_some() {
                return Err(Refusal::request("a parameter is there more than once"));
            }
        }
        Ok(Self(fields))
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub fn need(&self, name: &str, missing: &'static str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::request(missing))
    }

    /// The same without some of them, as a query.
    pub fn query_without(&self, left_out: &[&str]) -> String {
        let kept = self.0.iter().filter(|(name, _)| !left_out.contains(&name.as_str()));
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
    }
}

/// A body of `application/x-www-form-urlencoded`.
pub struct Form(pub Fields);

impl FromRequest for Form {
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Refusal>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media = body::essence(request);
        let stream = payload.take();
        Box::pin(async move {
            if media.as_deref() != Some(body::FORM) {
                return Err(Refusal::request("send a form: application/x-www-form-urlencoded"));
            }
            let bytes = body::read(stream, body::MAX_FORM).await;
            let bytes = bytes.map_err(|_| Refusal::request("the body did not arrive whole"))?;
            let bytes = bytes.ok_or_else(|| Refusal::request("the request is too long"))?;
            let text = std::str::from_utf8(&bytes).map_err(|_| Refusal::request("a form is text"))?;
            Fields::parse(text).map(Form)
        })
    }
}
