//! Which route a request is for, found once and remembered: each look tries hundreds of patterns in turn.
use actix_web::{HttpMessage, HttpRequest};
use std::rc::Rc;

#[derive(Clone)]
struct Found(Option<Rc<str>>);

/// The pattern of the path, as `auth::table` writes it. Found by the path as it was sent.
pub fn pattern(request: &HttpRequest) -> Option<Rc<str>> {
    if let Some(Found(pattern)) = request.extensions().get() {
        return pattern.clone();
    }
    let pattern: Option<Rc<str>> = request.match_pattern().map(Rc::from);
    request.extensions_mut().insert(Found(pattern.clone()));
    pattern
}
