//! Handlers of what oneself, or a token of one's own, can reach.
use super::ReachView;
use crate::{
    auth::{Identity, SignedIn, access::segment, identity::Limit},
    error::{Error, Result},
    http::{body::Query, page::PageQuery, problem::Problems},
    state::State,
};
use actix_web::{HttpRequest, get, web};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use tamis_entities::{
    api_token,
    value::{Scope, Scopes},
};
use uuid::Uuid;

/// What you can reach
///
/// Your namespaces with your role in each, the filters that grants open to you, and what this
/// credential may do there.
#[utoipa::path(tag = "teams", operation_id = "getMyReach", params(PageQuery),
    responses((status = 200, description = "A page", body = ReachView), Problems))]
#[get("/api/v1/me/reach")]
pub async fn get_my_reach(
    state: web::Data<State>,
    who: SignedIn,
    page: Query<PageQuery>,
) -> Result<web::Json<ReachView>> {
    Ok(web::Json(super::view(&state, &who.0, &who.0.scopes, "me", &page.0).await?))
}

/// What one of your tokens can reach
#[utoipa::path(tag = "tokens", operation_id = "getTokenReach", params(("id" = Uuid, Path, description = "Id of the token"), PageQuery),
    responses((status = 200, description = "A page", body = ReachView), Problems))]
#[get("/api/v1/tokens/{id}/reach")]
pub async fn get_token_reach(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    page: Query<PageQuery>,
) -> Result<web::Json<ReachView>> {
    let id: Uuid = segment(&request, "id")?;
    let token = api_token::Entity::find_by_id(id)
        .filter(api_token::Column::UserId.eq(who.0.id))
        .filter(api_token::Column::RevokedAt.is_null())
        .one(&*state.db)
        .await?
        .filter(|t| t.expires_at > state.clock.now())
        .ok_or_else(Error::not_found)?;
    let allowed = Scopes::of_role(who.0.role);
    let scopes = Scope::ALL.into_iter().filter(|s| token.scopes.has(*s) && allowed.has(*s)).collect();
    let part = Identity { limit: Limit::of(&token).or(who.0.limit), ..(*who.0).clone() };
    Ok(web::Json(super::view(&state, &part, &scopes, &id.to_string(), &page.0).await?))
}
