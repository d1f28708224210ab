//! "What may act for me": a person's grants, and ending one.
use super::{client, grant, words::Words};
use crate::{
    audit::Actor,
    auth::{Identity, SignedIn, access::segment},
    error::{Error, Result},
    http::{
        body::Query,
        page::{Cursors, Page, PageQuery},
        problem::Problems,
    },
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, delete, get, web};
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter};
use serde::Serialize;
use std::collections::HashMap;
use tamis_entities::{oauth_consent, oauth_grant, value::Timestamp};
use utoipa::ToSchema;
use uuid::Uuid;

/// A program that may act for you.
#[derive(Serialize, ToSchema)]
pub struct AppGrant {
    pub id: Uuid,
    pub client_id: String,
    pub client_name: String,
    /// How it got in.
    pub grant_type: String,
    pub scopes: Vec<String>,
    /// Whom its tokens are for.
    pub audience: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

fn view(names: &HashMap<String, String>, row: oauth_grant::Model) -> AppGrant {
    AppGrant {
        id: row.id,
        client_name: names.get(&row.client_id).unwrap_or(&row.client_id).clone(),
        client_id: row.client_id,
        grant_type: row.kind,
        scopes: Words::read(&row.scopes).iter().map(|word| word.as_str().to_owned()).collect(),
        audience: row.audience,
        created_at: row.created_at,
        expires_at: row.expires_at,
    }
}

/// List what may act for you
#[utoipa::path(tag = "oauth", operation_id = "listAppGrants", params(PageQuery),
    responses((status = 200, description = "Newest first", body = Page<AppGrant>), Problems))]
#[get("/api/v1/me/grants")]
pub async fn list_app_grants(
    state: web::Data<State>,
    who: SignedIn,
    query: Query<PageQuery>,
) -> Result<web::Json<Page<AppGrant>>> {
    Ok(web::Json(list(&state, &who.0, &query.0).await?))
}

/// What may act for this person, newest first.
pub async fn list(state: &State, who: &Identity, page: &PageQuery) -> Result<Page<AppGrant>> {
    let cursors = Cursors { key: &state.secret, context: format!("app-grants {}", who.id) };
    let rows = oauth_grant::Entity::find()
        .filter(oauth_grant::Column::UserId.eq(who.id))
        .filter(oauth_grant::Column::RevokedAt.is_null())
        .filter(oauth_grant::Column::ExpiresAt.gt(state.clock.now()));
    let (rows, next) = cursors.by_id(&*state.db, rows, oauth_grant::Column::Id, Order::Desc, page).await?;
    let names = client::names(&*state.db, rows.iter().map(|row| row.client_id.as_str())).await?;
    Ok(Page { items: rows.into_iter().map(|row| view(&names, row)).collect(), next })
}

/// End what may act for you
///
/// Every token of it is good no more, at once; the client has to ask you again.
#[utoipa::path(tag = "oauth", operation_id = "endAppGrant", params(("id" = Uuid, Path, description = "Id of the grant")),
    responses((status = 204, description = "It has ended"), Problems))]
#[delete("/api/v1/me/grants/{id}")]
pub async fn end_app_grant(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    end(&state, &who.0, segment(&request, "id")?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends one of this person's; the client has to ask again.
pub async fn end(state: &State, who: &Identity, id: Uuid) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let row = oauth_grant::Entity::find_by_id(id).one(&*txn).await?;
    let row = row.filter(|row| row.user_id == who.id).ok_or_else(Error::not_found)?;
    if !grant::end(state, &txn, &Actor::from(who), id, "the person ended it").await? {
        return Err(Error::not_found());
    }
    oauth_consent::Entity::delete_by_id((who.id, row.client_id)).exec(&*txn).await?;
    txn.commit().await
}
