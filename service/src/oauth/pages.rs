//! What a person sees of all this: the question whether a client may act for them, and the page for
//! devices. Only a browser session answers; a token cannot let another program in.
use super::{
    authorize::{self, Asked, Fault, Prompt},
    client, code, consent, device,
    form::{Fields, Form},
    refusal::Refusal,
    words::Words,
};
use crate::{
    auth::{
        Identity,
        caller::{Via, visitor},
        middleware::same_origin,
        step_up::RECENT,
    },
    console::parts::escape,
    error::{Error, Result},
    http::problem::Problems,
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, http::header, post, web};
use sea_orm::EntityTrait;
use serde::Deserialize;
use std::{sync::Arc, time::Duration};
use tamis_entities::{
    session,
    value::{Scope, Timestamp},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Somebody in a browser, and when they signed in.
struct Visitor {
    who: Arc<Identity>,
    session: Uuid,
    since: Timestamp,
}

impl Visitor {
    fn is_recent(&self, state: &State) -> bool {
        self.since > state.clock.now().minus(RECENT)
    }
}

async fn browser(state: &State, request: &HttpRequest) -> Result<Option<Visitor>> {
    let Some(who) = visitor(state, request).await.0 else { return Ok(None) };
    let Via::Session(id) = who.via else { return Ok(None) };
    let session = session::Entity::find_by_id(id).one(&*state.db).await?;
    let since = |s: session::Model| who.signed_in_at.unwrap_or(s.created_at);
    Ok(session.map(since).map(|since| Visitor { who, session: id, since }))
}

fn see_other(to: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, to))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// Sign in first, then come back to a path of ours.
fn sign_in_first(path: &str, query: &str) -> HttpResponse {
    see_other(&sign_in_page(path, query, false))
}

/// `again`: who is signed in already is to prove it once more.
fn sign_in_page(path: &str, query: &str, again: bool) -> String {
    let next = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    const PAGE: &str = "/sign-in?";
    let mut page = url::form_urlencoded::Serializer::for_suffix(PAGE.to_owned(), PAGE.len());
    page.append_pair("next", &next);
    if again {
        page.append_pair("again", "true");
    }
    page.finish()
}

fn shown(refusal: &Refusal) -> HttpResponse {
    let body = format!(
        "<h1>This did not work</h1><p>{}</p><p><code>{}</code></p><p>Tell whoever runs the program that sent you here.</p>",
        escape(refusal.error_description),
        refusal.error
    );
    consent::say(refusal.status(), "This did not work", &body)
}

fn answered(fault: Fault) -> HttpResponse {
    match fault {
        Fault::Here(refusal) => shown(&refusal),
        Fault::Back(to) => see_other(&to),
    }
}

/// What an authorization request may say; more is ignored.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(
    dead_code,
    reason = "for the document: the request is read by hand, which notices repeated parameters"
)]
pub struct AuthorizationQuery {
    /// `code`
    response_type: Option<String>,
    client_id: Option<String>,
    /// Exactly as registered; the port of a loopback address is free
    redirect_uri: Option<String>,
    /// Words between spaces
    scope: Option<String>,
    /// Comes back as it was
    state: Option<String>,
    /// PKCE, required
    code_challenge: Option<String>,
    /// `S256`
    code_challenge_method: Option<String>,
    nonce: Option<String>,
    /// Whom the token is for (RFC 8707); Tamis itself when absent
    resource: Option<String>,
    /// `none`, `login`, `consent`
    prompt: Option<String>,
    max_age: Option<String>,
}

/// Ask to act for somebody
///
/// Sends the browser to the sign-in page, shows what is asked for, or sends it back to the client. What is wrong
/// before client and redirect URI are known to be good is shown as a page.
#[utoipa::path(tag = "oauth", operation_id = "authorize", params(AuthorizationQuery),
    responses((status = 200, description = "The question", content_type = "text/html", body = String),
        (status = 303, description = "To the sign-in page, or back to the client"),
        (status = 400, description = "What is wrong", content_type = "text/html", body = String), Problems), security(()))]
#[get("/oauth2/authorize")]
pub async fn ask_to_act(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    let question = request.query_string();
    match begin(&state, &request, question).await {
        Ok(reply) => reply,
        Err(fault) => answered(fault),
    }
}

async fn begin(state: &State, request: &HttpRequest, question: &str) -> Result<HttpResponse, Fault> {
    let fields = Fields::parse(question)?;
    let asked = authorize::read(state, &fields).await;
    // Anybody may register a client. A link to us leads to it only those who have signed in here, unless the
    // client asks for silence (RFC 9700 section 4.11.2).
    if matches!(asked, Err(Fault::Back(_)))
        && fields.get("prompt") != Some("none")
        && browser(state, request).await.map_err(Refusal::from)?.is_none()
    {
        return Ok(sign_in_first("/oauth2/authorize", question));
    }
    let asked = asked?;
    let give_up = |error, description| {
        let refusal = Refusal::new(error, description);
        Fault::Back(authorize::refused(state, &asked.redirect_uri, asked.state.as_deref(), &refusal))
    };
    let visitor = browser(state, request).await.map_err(Refusal::from)?;
    let fresh = |v: &Visitor| {
        let oldest = asked.max_age.map(|age| state.clock.now().minus(Duration::from_secs(age)));
        let recent = !is_grave(&asked.words.allowed_to(v.who.role)) || v.is_recent(state);
        asked.prompt != Prompt::Login && oldest.is_none_or(|oldest| v.since >= oldest) && recent
    };
    let again = visitor.is_some();
    let Some(visitor) = visitor.filter(fresh) else {
        if asked.prompt == Prompt::None {
            return Err(give_up("login_required", "nobody is signed in"));
        }
        // What asked for a new sign-in has had it when they come back; the client sees `auth_time`.
        let rest = fields.query_without(&["prompt", "max_age"]);
        return Ok(see_other(&sign_in_page("/oauth2/authorize", &rest, again)));
    };
    let words = asked.words.allowed_to(visitor.who.role);
    if words.is_empty() {
        return Err(give_up("invalid_scope", "the person may have none of the scopes"));
    }
    let known = consent::is_known(state, &asked, &visitor.who, &words).await.map_err(Refusal::from)?;
    if known && asked.prompt != Prompt::Consent {
        return Ok(let_in(state, &asked, &visitor, None).await.map_err(Refusal::from)?);
    }
    if asked.prompt == Prompt::None {
        return Err(give_up("consent_required", "the person has not said yes to this"));
    }
    let put = consent::put(question, &asked.client, &words, &asked.audience);
    let seal = consent::seal(state, visitor.session, &put).map_err(Refusal::from)?;
    Ok(consent::ask(&asked, &visitor.who, &words, question, &seal))
}

async fn let_in(
    state: &State,
    asked: &Asked,
    visitor: &Visitor,
    remembered: Option<&Words>,
) -> Result<HttpResponse> {
    let txn = state.db.begin_write().await?;
    if let Some(words) = remembered {
        consent::remember(state, &txn, &asked.client, &visitor.who, words).await?;
    }
    let code = code::issue(state, &txn, asked, &visitor.who, visitor.since).await?;
    txn.commit().await?;
    let answer = [("code", code.as_str())];
    Ok(see_other(&authorize::back(state, &asked.redirect_uri, asked.state.as_deref(), &answer)))
}

/// The answer to a question that a page has asked.
#[derive(Deserialize, ToSchema)]
#[allow(dead_code, reason = "for the document")]
pub struct ConsentForm {
    question: String,
    seal: String,
    /// `yes` or `no`
    answer: String,
}

/// The person and the question, if the answer comes from the page that we showed to them.
async fn heard(
    state: &State,
    request: &HttpRequest,
    fields: &Fields,
) -> Result<(Option<Visitor>, String), Refusal> {
    let question = fields.need("question", "question is missing")?;
    same_origin(state, request).map_err(foreign)?;
    Ok((browser(state, request).await?, question.to_owned()))
}

/// Refuses an answer to anything but the question that this session was shown.
fn check_seal(state: &State, fields: &Fields, visitor: &Visitor, put: &str) -> Result<(), Refusal> {
    let seal = fields.need("seal", "seal is missing")?;
    match consent::is_sealed(state, visitor.session, put, seal)? {
        true => Ok(()),
        false => Err(Refusal::new(
            "access_denied",
            "this page is of another session, or what it asked has changed; begin again",
        )),
    }
}

/// What a browser that was left open must not give away.
fn is_grave(words: &Words) -> bool {
    let scopes = words.scopes();
    let grave = [Scope::ReviewsVote, Scope::DeploymentsWrite, Scope::TokensWrite, Scope::Admin];
    grave.into_iter().any(|scope| scopes.has(scope))
}

fn foreign(_: Error) -> Refusal {
    Refusal::new("access_denied", "the answer did not come from a page of Tamis")
}

/// Answer the question
#[utoipa::path(tag = "oauth", operation_id = "answerAuthorization", params(),
    request_body(content = ConsentForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the client, with a code or an error"),
        (status = 400, description = "What is wrong", content_type = "text/html", body = String), Problems), security(()))]
#[post("/oauth2/authorize")]
pub async fn answer_authorization(
    state: web::Data<State>,
    request: HttpRequest,
    form: std::result::Result<Form, Refusal>,
) -> HttpResponse {
    match finish(&state, &request, form).await {
        Ok(reply) => reply,
        Err(fault) => answered(fault),
    }
}

async fn finish(
    state: &State,
    request: &HttpRequest,
    form: std::result::Result<Form, Refusal>,
) -> Result<HttpResponse, Fault> {
    let fields = form?.0;
    let (visitor, question) = heard(state, request, &fields).await?;
    let Some(visitor) = visitor else { return Ok(sign_in_first("/oauth2/authorize", &question)) };
    let asked = authorize::read(state, &Fields::parse(&question)?).await?;
    let words = asked.words.allowed_to(visitor.who.role);
    check_seal(state, &fields, &visitor, &consent::put(&question, &asked.client, &words, &asked.audience))?;
    if fields.get("answer") != Some("yes") || words.is_empty() {
        let refusal = Refusal::new("access_denied", "the person said no");
        let to = authorize::refused(state, &asked.redirect_uri, asked.state.as_deref(), &refusal);
        return Ok(see_other(&to));
    }
    Ok(let_in(state, &asked, &visitor, Some(&words)).await.map_err(Refusal::from)?)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "for the document")]
pub struct DeviceQuery {
    /// What the device shows
    user_code: Option<String>,
}

/// Let a device in
#[utoipa::path(tag = "oauth", operation_id = "showDevice", params(DeviceQuery),
    responses((status = 200, description = "Asks for the code, or whether the device may act for you", content_type = "text/html", body = String),
        (status = 303, description = "To the sign-in page"),
        (status = 400, description = "No device waits under this code", content_type = "text/html", body = String),
        (status = 429, description = "Too many tries", content_type = "text/html", body = String), Problems), security(()))]
#[get("/device")]
pub async fn show_device(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    device_page(&state, &request).await.unwrap_or_else(|refusal| shown(&refusal))
}

async fn device_page(state: &State, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let fields = Fields::parse(request.query_string())?;
    let Some(typed) = fields.get("user_code") else { return Ok(consent::device_form(false)) };
    let Some(code) = device::user_code(typed) else { return Ok(consent::device_form(true)) };
    let Some(visitor) = browser(state, request).await? else {
        return Ok(sign_in_first("/device", &format!("user_code={code}")));
    };
    // Right ones count too: who may go on asking once they are right could go on guessing.
    if state.oauth.guesses.check_key(&visitor.who.id).is_err() {
        let body = "<h1>Too many tries</h1><p>Wait a minute, then type the code again.</p>";
        return Ok(consent::say(StatusCode::TOO_MANY_REQUESTS, "Too many tries", body));
    }
    let Some(waiting) = device::waiting(state, &code).await? else { return Ok(consent::device_form(true)) };
    let Some(client) = client::find(&*state.db, &waiting.client_id).await? else {
        return Ok(consent::device_form(true));
    };
    let words = device::shown(&waiting, &visitor.who, &client);
    if is_grave(&words) && !visitor.is_recent(state) {
        return Ok(see_other(&sign_in_page("/device", &format!("user_code={code}"), true)));
    }
    let seal = consent::seal(state, visitor.session, &consent::put(&code, &client, &words, ""))?;
    Ok(consent::ask_for_device(&client, &visitor.who, &words, &code, &seal))
}

/// Answer for a device
#[utoipa::path(tag = "oauth", operation_id = "answerDevice", params(),
    request_body(content = ConsentForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "Done", content_type = "text/html", body = String),
        (status = 303, description = "To the sign-in page"),
        (status = 400, description = "What is wrong", content_type = "text/html", body = String), Problems), security(()))]
#[post("/device")]
pub async fn answer_device(
    state: web::Data<State>,
    request: HttpRequest,
    form: std::result::Result<Form, Refusal>,
) -> HttpResponse {
    device_answer(&state, &request, form).await.unwrap_or_else(|refusal| shown(&refusal))
}

async fn device_answer(
    state: &State,
    request: &HttpRequest,
    form: std::result::Result<Form, Refusal>,
) -> Result<HttpResponse, Refusal> {
    let fields = form?.0;
    let (visitor, code) = heard(state, request, &fields).await?;
    let Some(visitor) = visitor else { return Ok(sign_in_first("/device", "")) };
    let yes = fields.get("answer") == Some("yes");
    let Some(waiting) = device::waiting(state, &code).await? else { return Ok(consent::device_form(true)) };
    let Some(client) = client::find(&*state.db, &waiting.client_id).await? else {
        return Ok(consent::device_form(true));
    };
    let words = device::shown(&waiting, &visitor.who, &client);
    check_seal(state, &fields, &visitor, &consent::put(&code, &client, &words, ""))?;
    if !device::decide(state, &visitor.who, &waiting, visitor.since, yes).await? {
        return Ok(consent::device_form(true));
    }
    let (title, said) = match yes {
        true => ("The device is in", "You can close this page and go on at the device."),
        false => ("The device was turned away", "Nothing was allowed."),
    };
    Ok(consent::say(StatusCode::OK, title, &format!("<h1>{title}</h1><p>{said}</p>")))
}
