//! Refusals as pages: a person at a browser who is not let in, or asks for what is not there, is told so in
//! the console's words and not as JSON. Knows no reason; it shows the one that was given. What is quarantined has a
//! page of its own.
use super::{
    filter::barred,
    frame::{self, Frame, see},
    parts::*,
};
use crate::{
    auth::{Caller, caller, table::readable},
    http::problem::Told,
    sign_in::browser,
    state::State,
};
use actix_web::{
    Error as ActixError, HttpMessage, HttpRequest,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header},
    middleware::Next,
    web,
};
use askama::Template;

#[derive(Template)]
#[template(path = "console/refused.html")]
struct Page {
    frame: Frame,
    title: &'static str,
    told: Told,
    /// Where to sign in again, and back to the page that asked.
    again: Option<String>,
}

/// The first segments of the console's paths.
const PLACES: [&str; 9] =
    ["", "catalog", "filters", "my", "reviews", "teams", "namespaces", "deployments", "admin"];

/// Browsers say so; programs are told as the API tells them.
pub fn wants_a_page(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    accepted.contains("text/html")
}

fn is_of_console(request: &HttpRequest) -> bool {
    let first = request.path().trim_start_matches('/').split('/').next().unwrap_or_default();
    PLACES.contains(&first) && wants_a_page(request)
}

pub async fn as_page<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, ActixError> {
    let reply = next.call(request).await?;
    let told = reply.response().extensions().get::<Told>().cloned();
    let Some(told) = told.filter(|_| is_of_console(reply.request())) else {
        return Ok(reply.map_into_left_body());
    };
    let request = reply.request().clone();
    let page = page(&request, reply.status(), told).await?;
    Ok(reply.into_response(page).map_into_right_body())
}

async fn page(
    request: &HttpRequest,
    status: StatusCode,
    told: Told,
) -> crate::error::Result<actix_web::HttpResponse> {
    let state = request.app_data::<web::Data<State>>();
    let state = state.ok_or_else(|| crate::error::Error::internal("no state"))?;
    if status == StatusCode::UNAUTHORIZED && request.method() == Method::GET {
        return to_sign_in(state, request);
    }
    let known = request.extensions().get::<Caller>().cloned();
    let caller = match known {
        Some(caller) => caller,
        // Refused before anybody had asked who it is.
        None => caller::visitor(state, request).await,
    };
    if barred::may_be(&told, request)
        && let Some(page) = barred::page(state, request, &caller, &told).await?
    {
        return Ok(page);
    }
    let again = (told.code == "sign-in-again").then(|| sign_in_again(request));
    let title = match status {
        _ if again.is_some() => "Sign in again for this",
        _ if told.code == "quarantined" => "This release is quarantined",
        StatusCode::NOT_FOUND => "There is nothing here that you can see",
        StatusCode::FORBIDDEN => "This is not yours to do",
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => "Tamis is busy",
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => "Not saved",
        _ if status.is_server_error() => "This did not work",
        _ => "This cannot be done so",
    };
    let frame = Frame::of(state, request, &caller, "", title)?.looking("narrow");
    frame::reply(status, &Page { frame, title, told, again })
}

/// What a form was about to do is done from its page, after a new sign-in.
fn sign_in_again(request: &HttpRequest) -> String {
    let here = request.headers().get(header::REFERER).and_then(|value| value.to_str().ok());
    let here = here.and_then(|text| url::Url::parse(text).ok());
    let here = here.map(|url| match readable(url.path()) {
        path if path == url.path() => url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
        above => above.to_owned(),
    });
    let next = here.filter(|path| !path.starts_with("//")).unwrap_or_else(|| "/".into());
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("again", "true")
        .append_pair("next", &next)
        .finish();
    format!("/sign-in?{query}")
}

/// There, and back again. A session that has ended is forgotten first: what everyone may read is then shown.
fn to_sign_in(state: &State, request: &HttpRequest) -> crate::error::Result<actix_web::HttpResponse> {
    let here = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if browser::session_secret(state, request).is_some() {
        let mut again = see(here);
        let gone = browser::no_session_cookie(state)?;
        again.add_cookie(&gone).map_err(|e| crate::error::Error::internal(e.to_string()))?;
        return Ok(again);
    }
    let next = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", here).finish();
    Ok(see(&format!("/sign-in?{next}")))
}
