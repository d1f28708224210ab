//! Handlers of `/api/v1/tokens` and `/api/v1/me`.
use super::{
    TokenRequest,
    limit::{self, LimitView},
    view::{self, NewTokenView, TokenView},
};
use crate::{
    auth::{Identity, SignedIn, access::segment, identity::Via},
    error::Result,
    http::{body::Json, page::Page, problem::Problems},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, delete, get, http::header, post, web};
use serde::Serialize;
use tamis_entities::value::{Role, Scope, Slug};
use utoipa::ToSchema;

/// Who you are here.
#[derive(Serialize, ToSchema)]
pub struct MeView {
    pub handle: Slug,
    pub role: Role,
    /// What this credential may do.
    pub scopes: Vec<Scope>,
    pub credential: CredentialKind,
    /// What it is good for; null for all that is yours.
    pub limit: Option<LimitView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    Session,
    Token,
    /// An access token of a program that acts for you.
    Oauth,
    /// A robot's token.
    Robot,
    /// A token that trusted publishing gave out.
    Publisher,
}

impl CredentialKind {
    fn of(who: &Identity) -> Self {
        match who.via {
            Via::Session(_) => Self::Session,
            Via::Publisher(_) => Self::Publisher,
            Via::OAuth(_) => Self::Oauth,
            _ if who.robot => Self::Robot,
            _ => Self::Token,
        }
    }
}

/// The one answer that has the secret; nothing on the way may keep it.
pub fn created(view: NewTokenView) -> HttpResponse {
    HttpResponse::Created().insert_header((header::CACHE_CONTROL, "no-store")).json(view)
}

/// Who am I
#[utoipa::path(tag = "tokens", operation_id = "getMe", responses((status = 200, description = "You", body = MeView), Problems))]
#[get("/api/v1/me")]
pub async fn get_me(state: web::Data<State>, who: SignedIn) -> Result<web::Json<MeView>> {
    let names = limit::Names::of(&state, who.0.limit).await?;
    Ok(web::Json(MeView {
        handle: who.0.handle.clone(),
        role: who.0.role,
        scopes: who.0.scopes.iter().collect(),
        credential: CredentialKind::of(&who.0),
        limit: who.0.limit.and_then(|limit| names.view(limit)),
    }))
}

/// List your tokens
#[utoipa::path(tag = "tokens", operation_id = "listTokens", responses((status = 200, description = "Those that are not revoked", body = Page<TokenView>), Problems))]
#[get("/api/v1/tokens")]
pub async fn list_tokens(state: web::Data<State>, who: SignedIn) -> Result<web::Json<Page<TokenView>>> {
    let items = view::views(&state, super::of(&state, who.0.id).await?).await?;
    Ok(web::Json(Page { items, next: None }))
}

/// Create a token
///
/// It can do no more than the credential that makes it. A limit makes it an outsider's token to
/// everything that lies outside; it then carries `filters:read`, `filters:write` and
/// `releases:stage` at most.
#[utoipa::path(tag = "tokens", operation_id = "createToken", request_body = TokenRequest,
    responses((status = 201, description = "The token with its secret, shown once", body = NewTokenView), Problems))]
#[post("/api/v1/tokens")]
pub async fn create_token(
    state: web::Data<State>,
    who: SignedIn,
    body: Json<TokenRequest>,
) -> Result<HttpResponse> {
    let made = super::issue(&state, &who, who.0.id, body.0).await?;
    Ok(created(NewTokenView::of(&state, made).await?))
}

/// Revoke a token
#[utoipa::path(tag = "tokens", operation_id = "revokeToken", params(("id" = uuid::Uuid, Path, description = "Id of the token")),
    responses((status = 204, description = "Revoked"), Problems))]
#[delete("/api/v1/tokens/{id}")]
pub async fn revoke_token(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    super::revoke(&state, &who.0, who.0.id, segment(&request, "id")?).await?;
    Ok(HttpResponse::NoContent().finish())
}
