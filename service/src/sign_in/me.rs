//! Handlers of what a person changes about their own ways in: identities, sessions, password.
use super::{attempt, browser, github, identities, local, next, oidc, session};
use crate::{
    audit::Actor,
    auth::{Identity, SignedIn, access::segment, caller::Via, step_up::at_the_browser},
    error::{Error, Result},
    http::{body::Json, page::Page, problem::Problems},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, delete, get, http::header, post, web};
use serde::{Deserialize, Serialize};
use tamis_entities::{external_identity, session as sessions, value::Timestamp};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Serialize, ToSchema)]
pub struct IdentityView {
    pub id: Uuid,
    /// `oidc:<id>` or `github`.
    pub provider: String,
    /// What people call the provider.
    pub provider_name: String,
    /// What the provider calls you.
    pub label: String,
    /// Verified by the provider.
    pub email: Option<String>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub struct SessionView {
    pub id: Uuid,
    /// The one that asks.
    pub current: bool,
    /// `link`, `password`, or the provider.
    pub method: Option<String>,
    pub user_agent: Option<String>,
    pub created_at: Timestamp,
    pub signed_in_at: Option<Timestamp>,
    /// To the minute.
    pub last_seen_at: Option<Timestamp>,
    pub expires_at: Timestamp,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityLinkRequest {
    /// `oidc:<id>` or `github`.
    #[schema(example = "github")]
    pub provider: String,
    /// Where to go afterwards: a path of this server.
    pub next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct IdentityLinkView {
    /// Send the browser here; it comes back linked.
    pub location: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordRequest {
    #[schema(min_length = 12, max_length = 200, format = "password")]
    pub password: String,
}

/// List your identities
#[utoipa::path(tag = "sign-in", operation_id = "listIdentities",
    responses((status = 200, description = "Who else vouches for you", body = Page<IdentityView>), Problems))]
#[get("/api/v1/me/identities")]
pub async fn list_identities(
    state: web::Data<State>,
    who: SignedIn,
) -> Result<web::Json<Page<IdentityView>>> {
    let rows = identities::list(&state, who.0.id).await?;
    let view = |row: external_identity::Model| IdentityView {
        id: row.id,
        provider_name: state.sign_in.settings.name_of(&row.provider).to_owned(),
        provider: row.provider,
        label: row.label,
        email: row.email,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
    };
    Ok(web::Json(Page { items: rows.into_iter().map(view).collect(), next: None }))
}

/// Begin to link an identity
///
/// From a browser session with a sign-in of the last ten minutes. The provider's answer must come back to the same session.
#[utoipa::path(tag = "sign-in", operation_id = "linkIdentity", request_body = IdentityLinkRequest,
    responses((status = 200, description = "Where to go", body = IdentityLinkView), Problems))]
#[post("/api/v1/me/identities/link")]
pub async fn link_identity(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    body: Json<IdentityLinkRequest>,
) -> Result<HttpResponse> {
    let session = at_the_browser(&who.0, &state.clock)?;
    let (key, next) = (body.0.provider, next::local(body.0.next.as_deref()));
    let unknown = || Error::invalid("provider", "none of the providers of this server");
    let settings = &state.sign_in.settings;
    let issuer = key.strip_prefix("oidc:").map(|id| settings.oidc(id).ok_or_else(unknown)).transpose()?;
    if issuer.is_none() && (key != github::KEY || settings.github.is_none()) {
        return Err(unknown());
    }
    let (secrets, cookie) = attempt::begin(&state, &request, &key, next, Some(session)).await?;
    let url = match (issuer, &settings.github) {
        (Some(issuer), _) => oidc::authorize_url(&state, issuer, &secrets, true).await?,
        (None, Some(github)) => github::authorize_url(&state, github, &secrets)?,
        (None, None) => return Err(unknown()),
    };
    let view = IdentityLinkView { location: url.into() };
    Ok(HttpResponse::Ok().cookie(cookie).insert_header((header::CACHE_CONTROL, "no-store")).json(view))
}

/// Unlink an identity
///
/// Not the last way into your account.
#[utoipa::path(tag = "sign-in", operation_id = "unlinkIdentity", params(("id" = Uuid, Path, description = "Id of the identity")),
    responses((status = 204, description = "Unlinked"), Problems))]
#[delete("/api/v1/me/identities/{id}")]
pub async fn unlink_identity(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    identities::unlink(&state, &who.0, segment(&request, "id")?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List your browser sessions
#[utoipa::path(tag = "sign-in", operation_id = "listSessions",
    responses((status = 200, description = "Those that have not ended, newest first", body = Page<SessionView>), Problems))]
#[get("/api/v1/me/sessions")]
pub async fn list_sessions(state: web::Data<State>, who: SignedIn) -> Result<web::Json<Page<SessionView>>> {
    let view = |row: sessions::Model| SessionView {
        id: row.id,
        current: who.0.via == Via::Session(row.id),
        method: row.method,
        user_agent: row.user_agent,
        created_at: row.created_at,
        signed_in_at: row.signed_in_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
    };
    let items = session::list(&state, who.0.id).await?.into_iter().map(view).collect();
    Ok(web::Json(Page { items, next: None }))
}

/// End a session
#[utoipa::path(tag = "sign-in", operation_id = "endSession", params(("id" = Uuid, Path, description = "Id of the session")),
    responses((status = 204, description = "Ended"), Problems))]
#[delete("/api/v1/me/sessions/{id}")]
pub async fn end_session(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let which = session::Which::One(segment(&request, "id")?);
    session::end(&state, &Actor::from(&*who.0), who.0.id, which).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// End all other sessions
///
/// Asked with a token: all of them.
#[utoipa::path(tag = "sign-in", operation_id = "endOtherSessions",
    responses((status = 204, description = "Ended"), Problems))]
#[delete("/api/v1/me/sessions")]
pub async fn end_other_sessions(state: web::Data<State>, who: SignedIn) -> Result<HttpResponse> {
    let own = match who.0.via {
        Via::Session(id) => Some(id),
        _ => None,
    };
    session::end(&state, &Actor::from(&*who.0), who.0.id, session::Which::AllBut(own)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Set your password
///
/// From a browser session with a sign-in of the last ten minutes. Your other sessions end.
#[utoipa::path(tag = "sign-in", operation_id = "setPassword", request_body = PasswordRequest,
    responses((status = 204, description = "Set"), Problems))]
#[post("/api/v1/me/password")]
pub async fn set_password(
    state: web::Data<State>,
    who: SignedIn,
    body: Json<PasswordRequest>,
) -> Result<HttpResponse> {
    change_password(&state, &who.0, &body.0.password).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// For whoever sits at the browser, whose session goes on.
pub async fn change_password(state: &State, who: &Identity, password: &str) -> Result<()> {
    let own = at_the_browser(who, &state.clock)?;
    if !state.sign_in.settings.local {
        return Err(Error::invalid("password", "local accounts are switched off on this server"));
    }
    local::set_password(state, &Actor::from(who), (who.id, &who.handle), password, Some(own)).await
}

/// What a form on a page of ours carries for this session.
pub fn sign_out_token(state: &State, request: &HttpRequest) -> Result<String> {
    browser::form_token(state, &browser::session_secret(state, request).unwrap_or_default())
}
