//! Handlers of `/api/v1/tokens` and `/api/v1/me`.
use crate::{
    audit::Actor,
    auth::{SignedIn, access::segment, recent},
    error::{Error, Result},
    http::{body::Json, page::Page, problem::Problems},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
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
}

impl From<api_token::Model> for TokenView {
    fn from(t: api_token::Model) -> Self {
        Self {
            id: t.id,
            name: t.name,
            scopes: t.scopes.iter().collect(),
            created_at: t.created_at,
            expires_at: t.expires_at,
            last_used_at: t.last_used_at,
        }
    }
}

/// Who am I
#[utoipa::path(tag = "tokens", operation_id = "getMe", responses((status = 200, description = "You", body = MeView), Problems))]
#[get("/api/v1/me")]
pub async fn get_me(who: SignedIn) -> Result<web::Json<MeView>> {
    Ok(web::Json(MeView {
        handle: who.0.handle.clone(),
        role: who.0.role,
        scopes: who.0.scopes.iter().collect(),
    }))
}

/// List your tokens
#[utoipa::path(tag = "tokens", operation_id = "listTokens", responses((status = 200, description = "Those that are not revoked", body = Page<TokenView>), Problems))]
#[get("/api/v1/tokens")]
pub async fn list_tokens(state: web::Data<State>, who: SignedIn) -> Result<web::Json<Page<TokenView>>> {
    let rows = api_token::Entity::find()
        .filter(api_token::Column::UserId.eq(who.0.id))
        .filter(api_token::Column::RevokedAt.is_null())
        .order_by_asc(api_token::Column::Id)
        .all(&*state.db)
        .await?;
    Ok(web::Json(Page { items: rows.into_iter().map(Into::into).collect(), next: None }))
}

/// Create a token
///
/// It can do no more than the credential that makes it.
#[utoipa::path(tag = "tokens", operation_id = "createToken", request_body = TokenRequest,
    responses((status = 201, description = "The token with its secret, shown once", body = NewTokenView), Problems))]
#[post("/api/v1/tokens")]
pub async fn create_token(
    state: web::Data<State>,
    who: SignedIn,
    body: Json<TokenRequest>,
) -> Result<HttpResponse> {
    let request = body.0;
    if request.scopes.is_empty() {
        return Err(Error::invalid("scopes", "at least one"));
    }
    if let Some(scope) = request.scopes.iter().find(|s| !who.0.scopes.has(**s)) {
        return Err(Error::forbidden(
            "scope-beyond-credential",
            format!("your credential does not carry `{scope}` itself"),
        ));
    }
    if request.scopes.contains(&Scope::ReviewsVote) {
        recent(&who.0, &state.clock)?;
    }
    let owner = user::Entity::find_by_id(who.0.id).one(&*state.db).await?.ok_or_else(Error::not_found)?;
    let expires_at = request.expires_at.unwrap_or_else(|| state.clock.now().plus(super::DEFAULT_LIFE));
    let scopes = request.scopes.into_iter().collect();
    let (token, secret) =
        super::create(&state, &Actor::from(&*who.0), &owner, request.name, scopes, expires_at).await?;
    let view = NewTokenView { token: token.into(), secret };
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(view))
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
    super::revoke(&state, &who.0, segment(&request, "id")?).await?;
    Ok(HttpResponse::NoContent().finish())
}
