//! Looking at tokens (RFC 7662) and throwing them away (RFC 7009). What does not concern the client that
//! asks looks to it like what is over.
use super::{
    access::{self, Claims},
    client::Client,
    credentials,
    form::{Fields, Form},
    grant,
    http::answer,
    refusal::Refusal,
};
use crate::{
    auth::caller::{Via, authenticate, identity},
    error::Result,
    http::problem::Problems,
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, http::header, post, web};
use serde::{Deserialize, Serialize};
use tamis_entities::{
    oauth_grant,
    value::{Scope, Slug},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// A token to look at or to revoke.
#[derive(Deserialize, ToSchema)]
#[schema(as = OauthTokenQuestion)]
#[allow(dead_code, reason = "for the document")]
pub struct TokenQuestion {
    /// An access token or a refresh token.
    token: String,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// Revoke a token
///
/// Ends the whole grant: every access and refresh token of it. A token that is not known counts as revoked.
#[utoipa::path(tag = "oauth", operation_id = "discardToken", params(),
    request_body(content = TokenQuestion, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "It is good no more"),
        (status = 400, description = "Why not", body = Refusal), (status = 401, description = "The client did not prove who it is", body = Refusal), Problems), security(()))]
#[post("/oauth2/revoke")]
pub async fn discard_token(
    state: web::Data<State>,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Refusal> {
    let token = form.0.need("token", "token is missing")?;
    let client = credentials::client(&state, &request, &form.0).await?;
    grant::discard(&state, &client, token).await?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).finish())
}

/// What a token is worth right now (RFC 7662). Only `active` is there for one that is good no more, or that
/// is not the asking client's business.
#[derive(Default, Serialize, ToSchema)]
pub struct Introspection {
    pub active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<Slug>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<Uuid>,
}

/// Look at a token
///
/// For confidential clients, about their own tokens and those for their audiences; or with a token of scope `admin`.
#[utoipa::path(tag = "oauth", operation_id = "introspectToken", params(),
    request_body(content = TokenQuestion, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "What it is worth", body = Introspection),
        (status = 400, description = "Why not", body = Refusal), (status = 401, description = "The client did not prove who it is", body = Refusal), Problems), security(()))]
#[post("/oauth2/introspect")]
pub async fn introspect_token(
    state: web::Data<State>,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Refusal> {
    let token = form.0.need("token", "token is missing")?;
    let asking = asking(&state, &request, &form.0).await?;
    let concerns = |client_id: &str, audience: &str| match &asking {
        None => true,
        Some(client) => client.id == client_id || client.audiences.iter().any(|a| a == audience),
    };
    if let Some((claims, who)) = access::living(&state, token).await? {
        let theirs = concerns(&claims.client_id, &claims.aud);
        return Ok(answer(&if theirs { of_access(claims, who.handle) } else { Introspection::default() }));
    }
    let found = grant::living_refresh_token(&state, token).await?;
    let found = found.filter(|grant| concerns(&grant.client_id, &grant.audience));
    Ok(answer(&match found {
        Some(grant) => of_refresh(&state, grant).await?,
        None => Introspection::default(),
    }))
}

/// A client that keeps a secret, or None for an administrator.
async fn asking(state: &State, request: &HttpRequest, fields: &Fields) -> Result<Option<Client>, Refusal> {
    let header =
        request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if header.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer ")) {
        let caller = authenticate(state, request).await.map_err(|_| Refusal::client())?;
        let is_admin = caller.identity().is_some_and(|who| who.scopes.has(Scope::Admin));
        return if is_admin { Ok(None) } else { Err(Refusal::client()) };
    }
    let client = credentials::client(state, request, fields).await?;
    if client.is_public() { Err(Refusal::client()) } else { Ok(Some(client)) }
}

fn of_access(claims: Claims, handle: Slug) -> Introspection {
    Introspection {
        active: true,
        scope: Some(claims.scope),
        client_id: Some(claims.client_id),
        username: Some(handle),
        token_type: Some("Bearer"),
        exp: Some(claims.exp),
        iat: Some(claims.iat),
        sub: Some(claims.sub),
        aud: Some(claims.aud),
        iss: Some(claims.iss),
        jti: Some(claims.jti),
    }
}

async fn of_refresh(state: &State, grant: oauth_grant::Model) -> Result<Introspection> {
    let person = identity(&*state.db, grant.user_id, Via::OAuth(grant.id), None).await?;
    let Some(person) = person else { return Ok(Introspection::default()) };
    Ok(Introspection {
        active: true,
        scope: Some(grant.scopes),
        client_id: Some(grant.client_id),
        username: Some(person.handle),
        exp: Some(access::seconds(grant.expires_at)),
        iat: Some(access::seconds(grant.created_at)),
        sub: Some(grant.user_id),
        iss: Some(state.public_url.clone()),
        ..Introspection::default()
    })
}
