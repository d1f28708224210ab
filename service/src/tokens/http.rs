//! Handlers of `/api/v1/tokens` and `/api/v1/me`, and how a token looks.
use super::Wanted;
use crate::{
    audit::Actor,
    auth::{Caller, Identity, SignedIn, access::segment, identity::{Limit, Via}},
    error::{Error, Result},
    http::{body::Json, page::Page, problem::Problems},
    state::State,
    tokens::limit::{self, LimitRequest, LimitView},
};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};
use tamis_entities::{
    api_token, user,
    value::{Role, Scope, Slug, Timestamp},
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// What it is for.
    #[schema(min_length = 1, max_length = 100, example = "ci")]
    pub name: String,
    #[schema(min_items = 1)]
    pub scopes: Vec<Scope>,
    /// At most a year from now; 90 days when absent.
    pub expires_at: Option<Timestamp>,
    /// What of yours the token is good for; everything when absent.
    pub limit: Option<LimitRequest>,
}

#[derive(Serialize, ToSchema)]
pub struct TokenView {
    pub id: Uuid,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// To the hour.
    pub last_used_at: Option<Timestamp>,
    /// What it is good for; null for all that its owner has.
    pub limit: Option<LimitView>,
}

/// A new token; the secret is never shown again.
#[derive(Serialize, ToSchema)]
pub struct NewTokenView {
    #[serde(flatten)]
    pub token: TokenView,
    pub secret: String,
}

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
            _ if who.robot => Self::Robot,
            _ => Self::Token,
        }
    }
}

/// Tokens as they are shown, with the names of what they are limited to.
pub async fn views(state: &State, tokens: Vec<api_token::Model>) -> Result<Vec<TokenView>> {
    let names = limit::Names::of(state, tokens.iter().filter_map(Limit::of)).await?;
    let view = |t: api_token::Model| TokenView {
        limit: Limit::of(&t).and_then(|limit| names.view(limit)),
        id: t.id,
        name: t.name,
        scopes: t.scopes.iter().collect(),
        created_at: t.created_at,
        expires_at: t.expires_at,
        last_used_at: t.last_used_at,
    };
    Ok(tokens.into_iter().map(view).collect())
}

/// A new token for `owner`, which can do no more than the credential of `who`.
pub async fn issue(
    state: &State,
    who: &SignedIn,
    owner: Uuid,
    request: TokenRequest,
) -> Result<HttpResponse> {
    if request.scopes.is_empty() {
        return Err(Error::invalid("scopes", "at least one"));
    }
    if let Some(scope) = request.scopes.iter().find(|s| !who.0.scopes.has(**s)) {
        return Err(Error::forbidden(
            "scope-beyond-credential",
            format!("your credential does not carry `{scope}` itself"),
        ));
    }
    let limit = match &request.limit {
        Some(asked) => Some(limit::resolve(state, &Caller(Some(who.0.clone())), asked).await?),
        None => None,
    };
    let wanted = Wanted {
        name: request.name,
        scopes: request.scopes.into_iter().collect(),
        expires_at: request.expires_at.unwrap_or_else(|| state.clock.now().plus(super::DEFAULT_LIFE)),
        limit,
        publisher: None,
    };
    let owner = user::Entity::find_by_id(owner).one(&*state.db).await?.ok_or_else(Error::not_found)?;
    reply(state, super::create(state, &Actor::from(&*who.0), &owner, wanted).await?).await
}

/// The one time that a secret is shown.
pub async fn reply(state: &State, made: (api_token::Model, String)) -> Result<HttpResponse> {
    let (row, secret) = made;
    let token = views(state, vec![row]).await?.pop().ok_or_else(Error::not_found)?;
    let view = NewTokenView { token, secret };
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(view))
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
    let items = views(&state, super::of(&state, who.0.id).await?).await?;
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
    issue(&state, &who, who.0.id, body.0).await
}

/// Revoke a token
#[utoipa::path(tag = "tokens", operation_id = "revokeToken", params(("id" = Uuid, Path, description = "Id of the token")),
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
