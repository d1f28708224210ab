//! Handlers of `/my/tokens`, `/my/sessions` and `/my/applications`.
use super::{
    HERE,
    form::{Fields, Outcome, made},
    page,
};
use crate::{
    audit::Actor,
    auth::{SignedIn, access::segment, identity::Via},
    console::{
        ask::{AskQuery, BareForm},
        frame::{self, see},
        own_form::OwnForm,
    },
    error::Result,
    http::{body::Query, problem::Problems},
    oauth::apps,
    sign_in::{me, session},
    state::State,
    tokens,
};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;

/// What acts for you
#[utoipa::path(tag = "pages", operation_id = "showTokens", params(AskQuery),
    responses((status = 200, description = "Tokens, sessions, connected applications", content_type = "text/html", body = String), Problems))]
#[get("/my/tokens")]
pub async fn show_tokens(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    query: Query<AskQuery>,
) -> Result<HttpResponse> {
    let page = page(&state, &request, &who.0, query.0.ask, Outcome::default()).await?;
    frame::reply(actix_web::http::StatusCode::OK, &page)
}

/// Make a token by a form
///
/// Each scope that it shall carry is a field with its name.
#[utoipa::path(tag = "pages", operation_id = "createTokenByForm",
    request_body(content = BTreeMap<String, String>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 201, description = "The page, with the secret on it once", content_type = "text/html", body = String), Problems))]
#[post("/my/tokens")]
pub async fn create_token_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    form: OwnForm<Fields>,
) -> Result<HttpResponse> {
    let outcome = made(&state, &who, who.0.id, &request, form.0).await?;
    let status = outcome.status();
    frame::reply(status, &page(&state, &request, &who.0, None, outcome).await?)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordForm {
    /// From the page that shows the form.
    #[serde(default)]
    pub form: String,
    #[schema(min_length = 12, max_length = 200, format = "password")]
    pub password: String,
}

/// Set your password by a form
#[utoipa::path(tag = "pages", operation_id = "setPasswordByForm",
    request_body(content = PasswordForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the page; your other sessions have ended"), Problems))]
#[post("/my/password")]
pub async fn set_password_by_form(
    state: web::Data<State>,
    who: SignedIn,
    form: OwnForm<PasswordForm>,
) -> Result<HttpResponse> {
    me::change_password(&state, &who.0, &form.0.password).await?;
    Ok(see(HERE))
}

/// Revoke a token by a form
#[utoipa::path(tag = "pages", operation_id = "revokeTokenByForm", params(("id" = uuid::Uuid, Path, description = "Id of the token")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the page"), Problems))]
#[post("/my/tokens/{id}/revocation")]
pub async fn revoke_token_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    tokens::revoke(&state, &who.0, who.0.id, segment(&request, "id")?).await?;
    Ok(see(HERE))
}

/// End a session by a form
#[utoipa::path(tag = "pages", operation_id = "endSessionByForm", params(("id" = uuid::Uuid, Path, description = "Id of the session")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the page"), Problems))]
#[post("/my/sessions/{id}/end")]
pub async fn end_session_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    let which = session::Which::One(segment(&request, "id")?);
    session::end(&state, &Actor::from(&*who.0), who.0.id, which).await?;
    Ok(see(HERE))
}

/// End all other sessions by a form
#[utoipa::path(tag = "pages", operation_id = "endOtherSessionsByForm",
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the page"), Problems))]
#[post("/my/sessions/end")]
pub async fn end_other_sessions_by_form(
    state: web::Data<State>,
    who: SignedIn,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    let own = match who.0.via {
        Via::Session(id) => Some(id),
        _ => None,
    };
    session::end(&state, &Actor::from(&*who.0), who.0.id, session::Which::AllBut(own)).await?;
    Ok(see(HERE))
}

/// Disconnect an application by a form
#[utoipa::path(tag = "pages", operation_id = "endApplicationByForm", params(("id" = uuid::Uuid, Path, description = "Id of the grant")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the page"), Problems))]
#[post("/my/applications/{id}/end")]
pub async fn end_application_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    apps::end(&state, &who.0, segment(&request, "id")?).await?;
    Ok(see(HERE))
}
