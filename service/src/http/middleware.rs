//! Around every request: an id, a span, a line in the log, counters, HEAD by way of GET,
//! and the headers that every answer carries.
use super::{
    problem::{ABOUT, About},
    route,
};
use crate::state::State;
use actix_web::{
    Error as ActixError, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{ConnectionType, Method, header, header::HeaderValue},
    middleware::Next,
    web,
};
use std::{sync::atomic::Ordering, time::Instant};
use tracing::Instrument;

/// The client asked with HEAD: make the headers, spare the body.
#[derive(Clone, Copy)]
pub struct HeadOnly;

pub async fn observe(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, ActixError> {
    let id = uuid::Uuid::now_v7().to_string();
    let started = Instant::now();
    let method = request.method().clone();
    if method == Method::HEAD {
        // The encoder remembers that it was a HEAD and sends no body.
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(HeadOnly);
    }
    // The pattern, not the path: a log or metric label must not grow with what people ask for.
    let route = route::pattern(request.request());
    let route = route.as_deref().unwrap_or("unmatched");
    let span = tracing::info_span!("request", request.id = %id, http.method = %method, http.route = %route);
    let leaving = leaving(&request);
    let reply = ABOUT.scope(about(&request, &id), next.call(request).instrument(span.clone())).await;
    let status = reply.as_ref().map_or_else(|e| e.as_response_error().status_code(), |r| r.status()).as_u16();
    let elapsed = started.elapsed();
    count(&method, route, status, elapsed.as_secs_f64());
    span.in_scope(|| {
        tracing::info!(http.status = status, elapsed_ms = elapsed.as_millis() as u64, "answered")
    });
    reply.map(|mut reply| {
        if leaving {
            reply.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        }
        let headers = reply.headers_mut();
        if let Ok(value) = HeaderValue::from_str(&id) {
            headers.insert(header::HeaderName::from_static("x-request-id"), value);
        }
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy(route)));
        }
        reply
    })
}

fn leaving(request: &ServiceRequest) -> bool {
    request.app_data::<web::Data<State>>().is_some_and(|state| state.leaving.load(Ordering::Relaxed))
}

fn about(request: &ServiceRequest, id: &str) -> About {
    let theme = crate::console::preferences::theme(request.request());
    let state = request.app_data::<web::Data<State>>();
    About {
        request_id: id.to_owned(),
        public_url: state.map_or_else(String::new, |s| s.public_url.clone()),
        with_credential: request.headers().contains_key(header::AUTHORIZATION),
        theme,
    }
}

/// Nothing may run in what we send, but for the API page, which brings its own scripts.
fn policy(route: &str) -> &'static str {
    match route.starts_with("/docs") {
        true => {
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
        }
        false => "default-src 'none'; frame-ancestors 'none'",
    }
}

fn count(method: &Method, route: &str, status: u16, seconds: f64) {
    let labels =
        [("method", known(method).to_owned()), ("route", route.to_owned()), ("status", status.to_string())];
    metrics::counter!("tamis_http_requests_total", &labels).increment(1);
    metrics::histogram!("tamis_http_request_seconds", &labels[..2]).record(seconds);
}

/// A label must not take whatever a client calls a method.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}
