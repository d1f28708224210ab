//! Handlers of `/sign-in` and `/sign-out`. What goes wrong on the way through a provider ends
//! on the sign-in page, which says so; the address bar keeps no code and no state.
use super::{
    account, attempt,
    browser::{self, Visitor},
    github, local, next, oidc, page, session,
    settings::{GitHub, Oidc, Rules},
    throttle::Wait,
};
use crate::{
    auth::{Caller, access::segment, caller, middleware::same_origin},
    error::{Error, Kind, Result},
    http::{body::Query, client, problem::Problems},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, http::header, post, web};
use sea_orm::EntityTrait;
use serde::Deserialize;
use tamis_entities::session as sessions;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SignInQuery {
    /// Where to go afterwards: a path of this server.
    pub next: Option<String>,
    /// The provider is to ask for the password again.
    pub again: Option<bool>,
    /// The code of what went wrong before.
    pub problem: Option<String>,
}

/// Providers add parameters of their own, so others are let pass.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallbackQuery {
    /// What `state` was begun with.
    pub state: Option<String>,
    /// The authorization code.
    pub code: Option<String>,
    /// The issuer that answers, RFC 9207.
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalSignIn {
    pub name: String,
    pub password: String,
    pub next: Option<String>,
    /// From the page that shows the form.
    pub form: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignOutForm {
    /// From the page that shows the button.
    #[serde(default)]
    pub form: String,
}

fn see(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// To the sign-in page, with what went wrong. Faults of ours stay faults.
fn back(next: &str, error: Error) -> Result<HttpResponse> {
    if matches!(error.kind(), Kind::Internal | Kind::Unavailable | Kind::Full | Kind::NotFound) {
        return Err(error);
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("problem", error.code()).append_pair("next", next);
    Ok(see(&format!("/sign-in?{}", query.finish())))
}

/// The sign-in page
#[utoipa::path(tag = "sign-in", operation_id = "showSignIn", params(SignInQuery),
    responses((status = 200, description = "The ways in", content_type = "text/html", body = String), Problems), security(()))]
#[get("/sign-in")]
pub async fn show_sign_in(
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<SignInQuery>,
) -> Result<HttpResponse> {
    let who = caller::visitor(&state, &request).await;
    let next = next::local(query.0.next.as_deref());
    let shown = page::Shown {
        next: &next,
        again: query.0.again == Some(true),
        problem: query.0.problem.as_deref(),
        signed_in_as: who.identity().map(|w| w.handle.to_string()),
    };
    page::show(&state, &request, &shown)
}

fn issuer<'a>(state: &'a State, request: &HttpRequest) -> Result<&'a Oidc> {
    let id: String = segment(request, "id")?;
    state.sign_in.settings.oidc(&id).ok_or_else(Error::not_found)
}

fn begin_slowly(state: &State, request: &HttpRequest) -> Result<(), Wait> {
    state.sign_in.throttle.try_begin(client::address(request), state.clock.now())
}

/// Sign in through an issuer
#[utoipa::path(tag = "sign-in", operation_id = "startOidc", params(("id" = String, Path, description = "Id of the issuer"), SignInQuery),
    responses((status = 303, description = "To the issuer"), (status = 429, description = "Too many attempts; `Retry-After` says how long to wait", content_type = "text/html", body = String), Problems), security(()))]
#[get("/sign-in/oidc/{id}")]
pub async fn start_oidc(
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<SignInQuery>,
) -> Result<HttpResponse> {
    let issuer = issuer(&state, &request)?;
    if let Err(wait) = begin_slowly(&state, &request) {
        return Ok(page::wait(&wait));
    }
    let next = next::local(query.0.next.as_deref());
    let (secrets, cookie) = attempt::begin(&state, &request, &issuer.key(), next.clone(), None).await?;
    match oidc::authorize_url(&state, issuer, &secrets, query.0.again == Some(true)).await {
        Ok(url) => to_provider(url.as_str(), &cookie),
        Err(error) => back(&next, error),
    }
}

/// Sign in through GitHub
#[utoipa::path(tag = "sign-in", operation_id = "startGitHub", params(SignInQuery),
    responses((status = 303, description = "To GitHub"), (status = 429, description = "Too many attempts; `Retry-After` says how long to wait", content_type = "text/html", body = String), Problems), security(()))]
#[get("/sign-in/github")]
pub async fn start_github(
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<SignInQuery>,
) -> Result<HttpResponse> {
    let github = state.sign_in.settings.github.as_ref().ok_or_else(Error::not_found)?;
    if let Err(wait) = begin_slowly(&state, &request) {
        return Ok(page::wait(&wait));
    }
    let next = next::local(query.0.next.as_deref());
    let (secrets, cookie) = attempt::begin(&state, &request, github::KEY, next, None).await?;
    to_provider(github::authorize_url(&state, github, &secrets)?.as_str(), &cookie)
}

fn to_provider(url: &str, cookie: &actix_web::cookie::Cookie<'_>) -> Result<HttpResponse> {
    let mut reply = see(url);
    reply.add_cookie(cookie).map_err(|e| Error::internal(e.to_string()))?;
    Ok(reply)
}

/// Where an issuer sends people back to
#[utoipa::path(tag = "sign-in", operation_id = "finishOidc", params(("id" = String, Path, description = "Id of the issuer"), CallbackQuery),
    responses((status = 303, description = "Signed in, or to the sign-in page with what went wrong"), Problems), security(()))]
#[get("/sign-in/oidc/{id}/callback")]
pub async fn finish_oidc(
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<CallbackQuery>,
) -> Result<HttpResponse> {
    let issuer = issuer(&state, &request)?;
    finish(&state, &request, &query.0, Provider::Oidc(issuer)).await
}

/// Where GitHub sends people back to
#[utoipa::path(tag = "sign-in", operation_id = "finishGitHub", params(CallbackQuery),
    responses((status = 303, description = "Signed in, or to the sign-in page with what went wrong"), Problems), security(()))]
#[get("/sign-in/github/callback")]
pub async fn finish_github(
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<CallbackQuery>,
) -> Result<HttpResponse> {
    let github = state.sign_in.settings.github.as_ref().ok_or_else(Error::not_found)?;
    finish(&state, &request, &query.0, Provider::GitHub(github)).await
}

enum Provider<'a> {
    Oidc(&'a Oidc),
    GitHub(&'a GitHub),
}

/// An answer of a provider: takes the attempt that it belongs to, asks who came, lets them in.
async fn finish(
    state: &State,
    request: &HttpRequest,
    query: &CallbackQuery,
    provider: Provider<'_>,
) -> Result<HttpResponse> {
    let (key, rules) = match provider {
        Provider::Oidc(issuer) => (issuer.key(), &issuer.rules),
        Provider::GitHub(github) => (github::KEY.to_owned(), &github.rules),
    };
    let given = query.state.as_deref().unwrap_or_default();
    let taken = match attempt::take(state, request, &key, given).await {
        Ok(taken) => taken,
        Err(error) => return back("/", error),
    };
    let (next, link) = (taken.next, taken.link);
    let profile = match (code(query), provider) {
        (Err(error), _) => Err(error),
        (Ok(code), Provider::Oidc(issuer)) => {
            oidc::finish(state, issuer, taken.secrets, code, query.iss.as_deref()).await
        }
        (Ok(code), Provider::GitHub(github)) => github::finish(state, github, taken.secrets, code).await,
    };
    match profile {
        Ok(profile) => arrive(state, request, &profile, rules, &next, link).await,
        Err(error) => back(&next, error),
    }
}

/// The code, unless the provider sent a refusal.
fn code(query: &CallbackQuery) -> Result<String> {
    match (&query.error, &query.code) {
        (None, Some(code)) => Ok(code.clone()),
        (Some(error), _) => {
            let error: String = error.chars().filter(|c| c.is_ascii_graphic()).take(100).collect();
            tracing::info!(%error, "a provider refused a sign-in");
            Err(Error::forbidden("sign-in-refused", "the provider did not sign you in"))
        }
        (None, None) => Err(super::answer("neither a code nor an error")),
    }
}

/// Signs in, or links to the account that asked for it.
async fn arrive(
    state: &State,
    request: &HttpRequest,
    profile: &super::Profile,
    rules: &Rules,
    next: &str,
    link: Option<Uuid>,
) -> Result<HttpResponse> {
    let done = match link {
        None => account::enter(state, &Visitor::of(state, request), profile, rules).await.map(Some),
        Some(session) => link_to(state, request, session, profile, rules).await.map(|()| None),
    };
    match done {
        Ok(Some(cookie)) => signed_in(state, next, cookie),
        Ok(None) => Ok(see(next)),
        Err(error) => back(next, error),
    }
}

/// The session that asked must be the one that this browser still has.
async fn link_to(
    state: &State,
    request: &HttpRequest,
    session: Uuid,
    profile: &super::Profile,
    rules: &Rules,
) -> Result<()> {
    let caller: Caller = caller::visitor(state, request).await;
    let row = sessions::Entity::find_by_id(session).one(&*state.db).await?;
    match (caller.identity(), row) {
        (Some(who), Some(row)) if who.via == caller::Via::Session(row.id) && row.user_id == who.id => {
            account::link(state, who.id, &who.handle, profile, rules).await
        }
        _ => Err(Error::forbidden("sign-in-expired", "the session that asked for this link has ended")),
    }
}

fn signed_in(state: &State, next: &str, cookie: actix_web::cookie::Cookie<'static>) -> Result<HttpResponse> {
    let mut reply = see(next);
    for cookie in [cookie, browser::no_visit_cookie(state)?, browser::no_next_cookie(state)?] {
        reply.add_cookie(&cookie).map_err(|e| Error::internal(e.to_string()))?;
    }
    Ok(reply)
}

/// Sign in with a password
#[utoipa::path(tag = "sign-in", operation_id = "signInLocally", request_body(content = LocalSignIn, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Signed in, or to the sign-in page with what went wrong"), (status = 429, description = "Too many attempts; `Retry-After` says how long to wait", content_type = "text/html", body = String), Problems), security(()))]
#[post("/sign-in/local")]
pub async fn sign_in_locally(
    state: web::Data<State>,
    request: HttpRequest,
    form: crate::http::body::Form<LocalSignIn>,
) -> Result<HttpResponse> {
    same_origin(&state, &request)?;
    browser::check_transport(&state)?;
    let LocalSignIn { name, password, next, form } = form.0;
    let next = next::local(next.as_deref());
    let wrong = || Error::forbidden("wrong-credentials", "name and password do not fit");
    if let Err(error) = browser::check_form(&state, browser::visit(&state, &request).as_deref(), &form) {
        return back(&next, error);
    }
    if !state.sign_in.settings.local {
        return back(&next, wrong());
    }
    let visitor = Visitor::of(&state, &request);
    let address = client::address(&request);
    match local::sign_in(&state, &visitor, address, &name, &password).await? {
        local::Outcome::In(cookie) => signed_in(&state, &next, cookie),
        local::Outcome::Wrong => back(&next, wrong()),
        local::Outcome::Wait(wait) => Ok(page::wait(&wait)),
    }
}

/// Sign out
#[utoipa::path(tag = "sign-in", operation_id = "signOut", request_body(content = Option<SignOutForm>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "The session has ended"), Problems), security(()))]
#[post("/sign-out")]
pub async fn sign_out(
    state: web::Data<State>,
    request: HttpRequest,
    form: crate::http::body::Form<SignOutForm>,
) -> Result<HttpResponse> {
    same_origin(&state, &request)?;
    if let Some(secret) = browser::session_secret(&state, &request) {
        browser::check_form(&state, Some(&secret), &form.0.form)?;
        session::close(&state, &secret).await?;
    }
    let mut reply = see("/");
    reply.add_cookie(&browser::no_session_cookie(&state)?).map_err(|e| Error::internal(e.to_string()))?;
    Ok(reply)
}
