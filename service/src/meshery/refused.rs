//! Refusals in the form that Meshery hands on: a Server shows the text to its user as it is, a client of
//! Cloud's API reads JSON. Knows no reason; it says the one that was given.
use super::wire::Profile;
use crate::{
    auth::table::{Door, RULES},
    http::{problem::Told, route},
};
use actix_web::{
    Error as ActixError, HttpRequest, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::Next,
};
use serde_json::json;
use std::fmt::Write;

fn is_ours(request: &HttpRequest) -> bool {
    let Some(pattern) = route::pattern(request) else { return false };
    RULES.iter().any(|rule| rule.door == Door::Meshery && rule.path == &*pattern)
}

pub async fn in_its_form<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, ActixError> {
    let reply = next.call(request).await?;
    let told = reply.response().extensions().get::<Told>().cloned();
    let Some(told) = told.filter(|_| is_ours(reply.request())) else {
        return Ok(reply.map_into_left_body());
    };
    let refusal = refusal(reply.request(), &reply, &told);
    Ok(reply.into_response(refusal).map_into_right_body())
}

fn refusal<B>(request: &HttpRequest, reply: &ServiceResponse<B>, told: &Told) -> HttpResponse {
    let status = match told.code.as_str() {
        // Releases up to 0.7 read every other status as a refresh that worked.
        "meshery-login-ended" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => reply.status(),
    };
    let mut answer = HttpResponse::build(status);
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    for name in [header::WWW_AUTHENTICATE, header::RETRY_AFTER, header::ALLOW] {
        if let Some(value) = reply.headers().get(&name) {
            answer.insert_header((name, value.clone()));
        }
    }
    if Profile::of(request) == Profile::Cloud {
        let fields: Vec<_> =
            told.fields.iter().map(|(field, message)| json!({"field": field, "message": message})).collect();
        return answer.json(json!({"code": told.code, "message": told.detail, "error": told.detail,
            "errors": fields, "instance": told.instance}));
    }
    let mut text = format!("{}: {}", told.code, told.detail);
    // One field is in the detail already.
    for (field, message) in told.fields.iter().filter(|_| told.fields.len() > 1 || told.code != "invalid") {
        let _ = write!(text, "\n{field}: {message}");
    }
    answer.content_type("text/plain; charset=utf-8").body(text)
}
