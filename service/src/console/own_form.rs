//! The one way in for forms of the console: a handler that takes an `OwnForm` cannot forget to ask
//! whether the form was ours. Knows nothing of what the forms are for.
use crate::{
    error::{Error, Result},
    http::body,
    sign_in::browser,
    state::State,
};
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use serde::de::DeserializeOwned;
use std::{future::Future, pin::Pin};

/// A README may be among the fields.
const MOST: usize = 1024 * 1024;

/// The fields of a form that carries the token of a page of ours in its field `form`.
pub struct OwnForm<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for OwnForm<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, stream) = (request.clone(), payload.take());
        Box::pin(async move {
            let state = request.app_data::<web::Data<State>>().ok_or_else(|| Error::internal("no state"))?;
            let text = body::form_text(&request, stream, MOST).await?;
            let mut fields = url::form_urlencoded::parse(text.as_bytes());
            let token = fields.find_map(|(name, value)| (name == "form").then_some(value));
            browser::check_own_form(state, &request, token.as_deref().unwrap_or_default())?;
            if body::names_nul(&text) {
                return Err(Error::invalid("body", "texts must not contain NUL"));
            }
            body::parse_form(&text).map(Self)
        })
    }
}
