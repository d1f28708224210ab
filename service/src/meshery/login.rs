//! The login page's address for Meshery Servers: signs a person in by Tamis's own ways, and sends them back
//! with a token, but only to their own machine or to a Server that was let in. An administrator lets one in
//! on the page that shows its host; everybody else can ask for that.
use super::{servers, sessions, source::Source};
use crate::{
    auth::{
        Identity,
        caller::{Via, visitor},
        middleware::same_origin,
    },
    console::{parts::escape, plain},
    error::{Error, Result},
    http::body::Form,
    oauth::consent,
    state::State,
};
use actix_web::{
    HttpRequest, HttpResponse,
    guard::{GuardContext, fn_guard},
    http::{StatusCode, header},
    web,
};
use serde::Deserialize;
use std::sync::Arc;
use tamis_entities::value::MesheryServerState;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// Releases up to 0.6 send people to the root of the host.
fn with_source(context: &GuardContext<'_>) -> bool {
    let query = context.head().uri.query().unwrap_or_default();
    query.split('&').any(|pair| pair.starts_with("source="))
}

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .route("/", web::get().guard(fn_guard(with_source)).to(show_login))
        .route("/login", web::get().to(show_login))
        .route("/login", web::post().to(answer_login));
}

/// What a browser brings, of which the rest is of no interest.
struct Asked {
    source: Source,
    /// Where the person was in the Meshery Server; goes back as it came.
    place: Option<String>,
}

fn asked(query: &str) -> Option<Asked> {
    let mut found = (None, None);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "source" if found.0.is_some() => return None,
            "source" => found.0 = Some(Source::decode(&value)?),
            "ref" => found.1 = Some(value.into_owned()),
            _ => {}
        }
    }
    Some(Asked { source: found.0?, place: found.1 })
}

fn refuse(status: StatusCode, said: &str) -> HttpResponse {
    let title = "This did not work";
    consent::say(status, title, &format!("<h1>{title}</h1><p>{}</p>", escape(said)))
}

fn no_source() -> HttpResponse {
    refuse(
        StatusCode::BAD_REQUEST,
        "The address to go back to is missing, or is none that a Meshery Server could have. Begin again from there.",
    )
}

fn see(status: StatusCode, to: &str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::LOCATION, to))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // The address has the token in it.
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .finish()
}

/// Somebody in a browser, and their session.
async fn browser(state: &State, request: &HttpRequest) -> Option<(Arc<Identity>, Uuid)> {
    let who = visitor(state, request).await.0?;
    match who.via {
        Via::Session(id) => Some((who, id)),
        _ => None,
    }
}

fn sign_in_first(query: &str) -> HttpResponse {
    let next = format!("/login?{query}");
    let page = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish();
    see(StatusCode::SEE_OTHER, &format!("/sign-in?{page}"))
}

async fn show_login(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse> {
    let query = request.query_string();
    let Some(asked) = asked(query) else { return Ok(no_source()) };
    let Some((who, session)) = browser(&state, &request).await else { return Ok(sign_in_first(query)) };
    go_on(&state, &who, session, asked, query).await
}

/// Back with a token, or the question whether that may be.
async fn go_on(
    state: &State,
    who: &Identity,
    session: Uuid,
    asked: Asked,
    query: &str,
) -> Result<HttpResponse> {
    let known = servers::by_origin(state, &asked.source.origin()).await?;
    match known.as_ref().map(|server| server.state) {
        Some(MesheryServerState::CutOff) => {
            Ok(refuse(StatusCode::FORBIDDEN, "An administrator has cut this Meshery Server off."))
        }
        Some(MesheryServerState::Approved) => give(state, who, asked, known.map(|s| s.id)).await,
        _ if asked.source.is_loopback() => give(state, who, asked, None).await,
        Some(MesheryServerState::Pending) if !who.administers() => Ok(refuse(
            StatusCode::FORBIDDEN,
            "An administrator has been asked to let this Meshery Server in. Come back when they have.",
        )),
        _ => question(state, who, session, &asked.source, query),
    }
}

async fn give(state: &State, who: &Identity, asked: Asked, server: Option<Uuid>) -> Result<HttpResponse> {
    let (token, login) = sessions::begin(state, who, &asked.source.origin(), server).await?;
    let id = login.id.to_string();
    let mut given = vec![("token", token.as_str()), ("session_cookie", id.as_str())];
    given.extend(asked.place.as_deref().map(|place| ("ref", place)));
    Ok(see(StatusCode::FOUND, &asked.source.with(&given)))
}

fn question(
    state: &State,
    who: &Identity,
    session: Uuid,
    source: &Source,
    query: &str,
) -> Result<HttpResponse> {
    let origin = escape(&source.origin());
    let seal = consent::seal(state, session, &format!("meshery\0{query}"))?;
    let (said, button) = match who.administers() {
        true => (
            "If you let it in, everyone here can log in from it, and it acts for those who do. Let it in only if \
             you know who runs it.",
            "Let it in",
        ),
        false => {
            ("An administrator has to let it in before anyone can log in from it.", "Ask an administrator")
        }
    };
    let body = format!(
        "<h1>A Meshery Server that is not known here</h1><p>You come from <b>{origin}</b>, and would be sent back \
         there with a token. {said}</p><form method=\"post\" action=\"/login\">\
         <input type=\"hidden\" name=\"question\" value=\"{}\"><input type=\"hidden\" name=\"seal\" value=\"{seal}\">\
         <p><button name=\"answer\" value=\"yes\">{button}</button></p></form>",
        escape(query)
    );
    let mut page = plain::page("Unknown Meshery Server", &body);
    *page.status_mut() = StatusCode::FORBIDDEN;
    // Browsers apply `form-action` to where the form's answer leads, too.
    let also = format!("form-action 'self' {}", source.origin());
    let policy = plain::POLICY.replace("form-action 'self'", &also);
    if let Ok(policy) = header::HeaderValue::from_str(&policy) {
        page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(page)
}

#[derive(Deserialize)]
pub struct LoginForm {
    question: String,
    seal: String,
    answer: String,
}

async fn answer_login(
    state: web::Data<State>,
    request: HttpRequest,
    form: Form<LoginForm>,
) -> Result<HttpResponse> {
    let LoginForm { question, seal, answer } = form.0;
    same_origin(&state, &request)?;
    let Some(asked) = asked(&question) else { return Ok(no_source()) };
    let Some((who, session)) = browser(&state, &request).await else { return Ok(sign_in_first(&question)) };
    if answer != "yes" || !consent::is_sealed(&state, session, &format!("meshery\0{question}"), &seal)? {
        let detail = "this form has expired; open the page again";
        return Err(Error::forbidden("form-expired", detail));
    }
    servers::meet(&state, &who, &asked.source.origin()).await?;
    go_on(&state, &who, session, asked, &question).await
}
