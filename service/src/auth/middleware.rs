//! Runs before anything of a request is parsed: finds the route's row, reads the
//! credentials, checks scope and role. What the caller is to the object is checked by
//! the extractors in `access`, by the same row.
use super::{
    caller::{Caller, Via, authenticate, authenticate_meshery},
    step_up,
    table::{self, Door, Need, Rule},
};
use crate::{
    error::{Error, Result},
    http::{limits, route},
    registry,
    state::State,
};
use actix_web::{
    Error as ActixError, HttpMessage, HttpRequest, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header},
    middleware::Next,
    web,
};

pub async fn authorise<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, ActixError> {
    // The pattern comes from the path as it was sent, the handler from the decoded one: `/api/v1/user%73` would
    // reach a handler without its row. What has no row of the table gets no further.
    let pattern = route::pattern(request.request()).filter(|_| is_plain(request.path()));
    let Some(pattern) = pattern else {
        let refusal = nothing(request.path());
        return Ok(request.into_response(refusal).map_into_right_body());
    };
    let Some(rule) = table::find(request.method().as_str(), &pattern) else {
        let refusal = match registry::refusal::speaks(&pattern) {
            true => registry::refusal::wrong_method(&table::methods(&pattern)),
            false => wrong_method(&pattern),
        };
        return Ok(request.into_response(refusal).map_into_right_body());
    };
    match admit(request.request(), rule).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            request.extensions_mut().insert(*rule);
            Ok(next.call(request).await?.map_into_left_body())
        }
        Err(error) => {
            let refusal = actix_web::ResponseError::error_response(&error);
            Ok(request.into_response(refusal).map_into_right_body())
        }
    }
}

fn nothing(path: &str) -> HttpResponse {
    match registry::refusal::speaks(path) {
        true => registry::refusal::nothing(),
        false => actix_web::ResponseError::error_response(&Error::not_found()),
    }
}

/// Whether nothing is escaped that needs no escape (RFC 3986 section 2.3); no path segment of ours has anything else.
fn is_plain(path: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    path.split('%').skip(1).all(|rest| {
        let byte = rest.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        byte.is_none_or(|byte| !unreserved(byte))
    })
}

fn wrong_method(pattern: &str) -> HttpResponse {
    let methods = table::methods(pattern).join(", ");
    let detail = format!("this path answers to {methods}");
    let mut reply = crate::http::problem::respond(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "Method not allowed",
        &detail,
    );
    if let Ok(value) = header::HeaderValue::from_str(&methods) {
        reply.headers_mut().insert(header::ALLOW, value);
    }
    reply
}

async fn admit(request: &HttpRequest, rule: &Rule) -> Result<Caller> {
    let state = request.app_data::<web::Data<State>>().ok_or_else(|| Error::internal("no state"))?;
    let class = limits::class(rule);
    // What needs no caller does not fail for want of a database; the registry looks for itself.
    let own = matches!(rule.need, Need::Pull | Need::Push);
    if own || (rule.scopes.is_none() && rule.need == Need::Anyone) {
        state.limits.admit(class, request, None)?;
        return Ok(Caller::default());
    }
    let caller = match rule.door {
        Door::Native => authenticate(state, request).await,
        Door::Meshery => authenticate_meshery(state, request).await,
    };
    // A credential that is not good counts for the address that sent it.
    let known = caller.as_ref().ok().and_then(Caller::identity);
    state.limits.admit(class, request, known)?;
    let caller = caller?;
    let Some(who) = caller.identity() else {
        let open = matches!(rule.need, Need::Anyone | Need::ReadFilter | Need::ReadRelease | Need::ReadBytes);
        let reading = request.method() == Method::GET;
        return if open && reading {
            Ok(caller)
        } else {
            Err(Error::unauthenticated("sign in, or send a token"))
        };
    };
    if let Some(scopes) = rule.scopes
        && !who.scopes.has_any(scopes)
    {
        let names: Vec<_> = scopes.iter().map(|scope| format!("`{scope}`")).collect();
        let detail = format!("this needs a token with the scope {}", names.join(" or "));
        return Err(Error::forbidden("insufficient-scope", detail));
    }
    if matches!(who.via, Via::Session(_)) && request.method() != Method::GET {
        same_origin(state, request)?;
    }
    if rule.need == Need::AtTheBrowser {
        step_up::at_the_browser(who, &state.clock)?;
    }
    let refused = match rule.need {
        Need::Curator => !who.is_curator(),
        Need::Admin => who.role < tamis_entities::value::Role::Admin,
        _ => false,
    };
    match refused {
        true => Err(Error::forbidden("role", format!("this needs the role {:?}", rule.need).to_lowercase())),
        false => Ok(caller),
    }
}

/// A cookie is sent by the browser whoever wrote the page: a write must come from our own.
pub fn same_origin(state: &State, request: &HttpRequest) -> Result<()> {
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let foreign =
        || Error::forbidden("foreign-origin", "a signed-in browser may write only from Tamis's own pages");
    if let Some(site) = header("sec-fetch-site") {
        return if site == "same-origin" || site == "none" { Ok(()) } else { Err(foreign()) };
    }
    match header("origin") {
        Some(origin) if loopback_alike(&origin, &state.public_url) => Ok(()),
        _ => Err(foreign()),
    }
}

/// `localhost` and `127.0.0.1` count as one.
fn loopback_alike(a: &str, b: &str) -> bool {
    let plain = |url: &str| url.replace("//localhost", "//127.0.0.1");
    plain(a) == plain(b)
}
