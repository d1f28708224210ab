//! Handlers of `/api/v1/oauth-clients`.
use super::{Change, Draft};
use crate::{
    auth::{
        SignedIn,
        access::{find_namespace, segment},
    },
    error::{Error, Result},
    filters::view::{handle_of, handles},
    http::{
        body::{Json, Query},
        page::{Cursors, Page, PageQuery},
        problem::Problems,
    },
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter};
use serde::{Deserialize, Serialize};
use tamis_entities::{
    oauth_client,
    value::{MemberRole, OauthGrantType, Slug, Timestamp},
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Acme deploy", "redirect_uris": ["https://deploy.acme.example/callback"],
    "grant_types": ["authorization_code", "refresh_token"], "scopes": ["filters:read", "offline_access"]}))]
pub struct OauthClientRequest {
    /// What people know the program by.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// It cannot keep a secret: a program on people's machines, or in their browsers.
    #[serde(default)]
    pub public: bool,
    /// https, or http on a loopback address, whose port is free.
    #[serde(default)]
    #[schema(max_items = 16)]
    pub redirect_uris: Vec<String>,
    #[schema(min_items = 1)]
    pub grant_types: Vec<OauthGrantType>,
    /// The most that it may ask for: scopes of the API, and `openid`, `profile`, `email`, `offline_access`.
    #[schema(min_items = 1)]
    pub scopes: Vec<String>,
    /// Resource servers beside Tamis that its tokens may be for.
    #[serde(default)]
    #[schema(max_items = 16)]
    pub audiences: Vec<String>,
    /// A team of yours; you yourself when absent.
    pub owner: Option<Slug>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OauthClientChange {
    pub name: Option<String>,
    pub redirect_uris: Option<Vec<String>>,
    pub scopes: Option<Vec<String>>,
    pub audiences: Option<Vec<String>>,
    /// People are not asked for consent; for administrators to say.
    pub trusted: Option<bool>,
    /// Ends every token that it holds, and lets it get no more.
    pub disabled: Option<bool>,
}

#[derive(Serialize, ToSchema)]
pub struct OauthClientView {
    pub client_id: Uuid,
    pub name: String,
    pub public: bool,
    pub redirect_uris: Vec<String>,
    pub grant_types: Vec<String>,
    pub scopes: Vec<String>,
    pub audiences: Vec<String>,
    pub owner: Slug,
    pub trusted: bool,
    pub disabled: bool,
    pub created_at: Timestamp,
}

/// A new client; the secret is never shown again.
#[derive(Serialize, ToSchema)]
pub struct NewOauthClientView {
    #[serde(flatten)]
    pub client: OauthClientView,
    /// Absent for public clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
}

async fn views(state: &State, rows: Vec<oauth_client::Model>) -> Result<Vec<OauthClientView>> {
    let handles = handles(&*state.db, rows.iter().map(|row| row.owner_id)).await?;
    let view = |row: oauth_client::Model| OauthClientView {
        client_id: row.id,
        name: row.name,
        public: row.secret_sha256.is_none(),
        redirect_uris: row.redirect_uris.0,
        grant_types: row.grant_types.0,
        scopes: row.scopes.split(' ').map(str::to_owned).collect(),
        audiences: row.audiences.0,
        owner: handle_of(&handles, row.owner_id),
        trusted: row.trusted,
        disabled: row.disabled_at.is_some(),
        created_at: row.created_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

async fn view(state: &State, row: oauth_client::Model) -> Result<OauthClientView> {
    views(state, vec![row]).await?.pop().ok_or_else(Error::not_found)
}

/// List OAuth clients
///
/// Those of yours and of teams that you own; an administrator sees all.
#[utoipa::path(tag = "oauth", operation_id = "listOauthClients", params(PageQuery),
    responses((status = 200, description = "Oldest first", body = Page<OauthClientView>), Problems))]
#[get("/api/v1/oauth-clients")]
pub async fn list_oauth_clients(
    state: web::Data<State>,
    who: SignedIn,
    query: Query<PageQuery>,
) -> Result<web::Json<Page<OauthClientView>>> {
    let cursors = Cursors { key: &state.secret, context: format!("oauth-clients {}", who.0.id) };
    let mut rows = oauth_client::Entity::find();
    if !who.0.administers() {
        let owned = who.0.namespaces().into_iter().filter(|id| who.0.role_in(*id) == Some(MemberRole::Owner));
        rows = rows.filter(oauth_client::Column::OwnerId.is_in(owned));
    }
    let (rows, next) =
        cursors.by_id(&*state.db, rows, oauth_client::Column::Id, Order::Asc, &query.0).await?;
    Ok(web::Json(Page { items: views(&state, rows).await?, next }))
}

/// Register an OAuth client
#[utoipa::path(tag = "oauth", operation_id = "createOauthClient", params(), request_body = OauthClientRequest,
    responses((status = 201, description = "The client with its secret, shown once", body = NewOauthClientView), Problems))]
#[post("/api/v1/oauth-clients")]
pub async fn create_oauth_client(
    state: web::Data<State>,
    who: SignedIn,
    body: Json<OauthClientRequest>,
) -> Result<HttpResponse> {
    let OauthClientRequest { name, public, redirect_uris, grant_types, scopes, audiences, owner } = body.0;
    let owner = owned(&state, &who, owner).await?;
    let draft = Draft { name, public, redirect_uris, grant_types, scopes, audiences, owner };
    let (row, client_secret) = super::create(&state, &who.0, draft).await?;
    let made = NewOauthClientView { client: view(&state, row).await?, client_secret };
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(made))
}

/// The namespace of this name, if the caller owns it.
async fn owned(state: &State, who: &SignedIn, handle: Option<Slug>) -> Result<Uuid> {
    let Some(handle) = handle else { return Ok(who.0.id) };
    let found = find_namespace(&*state.db, &handle).await?.map(|namespace| namespace.id);
    let owned = found.filter(|id| who.0.role_in(*id) == Some(MemberRole::Owner));
    owned.ok_or_else(|| Error::invalid("owner", "you yourself, or a team that you own"))
}

/// Get an OAuth client
#[utoipa::path(tag = "oauth", operation_id = "getOauthClient", params(("id" = Uuid, Path, description = "Its client_id")),
    responses((status = 200, description = "The client", body = OauthClientView), Problems))]
#[get("/api/v1/oauth-clients/{id}")]
pub async fn get_oauth_client(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<web::Json<OauthClientView>> {
    let row = super::find(&*state.db, &who.0, segment(&request, "id")?).await?;
    Ok(web::Json(view(&state, row).await?))
}

/// Change an OAuth client
#[utoipa::path(tag = "oauth", operation_id = "changeOauthClient", params(("id" = Uuid, Path, description = "Its client_id")), request_body = OauthClientChange,
    responses((status = 200, description = "The client", body = OauthClientView), Problems))]
#[patch("/api/v1/oauth-clients/{id}")]
pub async fn change_oauth_client(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    body: Json<OauthClientChange>,
) -> Result<web::Json<OauthClientView>> {
    let OauthClientChange { name, redirect_uris, scopes, audiences, trusted, disabled } = body.0;
    let change = Change { name, redirect_uris, scopes, audiences, trusted, disabled };
    let row = super::change(&state, &who.0, segment(&request, "id")?, change).await?;
    Ok(web::Json(view(&state, row).await?))
}

/// Remove an OAuth client
///
/// Every token that it holds ends with it.
#[utoipa::path(tag = "oauth", operation_id = "deleteOauthClient", params(("id" = Uuid, Path, description = "Its client_id")),
    responses((status = 204, description = "Removed"), Problems))]
#[delete("/api/v1/oauth-clients/{id}")]
pub async fn delete_oauth_client(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    super::remove(&state, &who.0, segment(&request, "id")?).await?;
    Ok(HttpResponse::NoContent().finish())
}
