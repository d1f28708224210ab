//! Handlers of `/api/v1/users`, for administrators.
use crate::{
    audit::Actor,
    auth::{SignedIn, access::segment},
    error::{Error, Result},
    filters::view::{handle_of, handles},
    http::{
        body::{Json, Query},
        page::{Cursors, Page, PageQuery},
        problem::Problems,
    },
    operate::accounts,
    state::State,
    teams::find,
};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use sea_orm::{EntityTrait, Order};
use serde::{Deserialize, Serialize};
use tamis_entities::{
    user,
    value::{NamespaceKind, Role, Slug, Timestamp},
};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct UserView {
    pub handle: Slug,
    pub role: Role,
    /// The provider whose groups gave the role.
    pub role_source: Option<String>,
    pub email: Option<String>,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
}

impl UserView {
    fn of(u: user::Model, handle: Slug) -> Self {
        Self {
            handle,
            role: u.role,
            role_source: u.role_source,
            email: u.email,
            created_at: u.created_at,
            disabled_at: u.disabled_at,
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisableRequest {
    /// For the audit log.
    #[schema(max_length = 1000)]
    pub reason: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUserRequest {
    /// 1 to 64 lower case letters, digits and dashes; their filters are called handle/name.
    pub handle: Slug,
    /// `user` if nothing is said.
    pub role: Option<Role>,
}

/// Create a user
///
/// They have no way in yet: an administrator makes them a one-time sign-in link at `/admin/people`, or an operator
/// with `tamis user link`.
#[utoipa::path(tag = "users", operation_id = "createUser", request_body = CreateUserRequest,
    responses((status = 201, description = "Created", body = UserView), Problems))]
#[post("/api/v1/users")]
pub async fn create_user(
    state: web::Data<State>,
    who: SignedIn,
    body: Json<CreateUserRequest>,
) -> Result<HttpResponse> {
    let CreateUserRequest { handle, role } = body.0;
    let user = accounts::create(&state, &Actor::from(&*who.0), &handle, role.unwrap_or(Role::User)).await?;
    Ok(HttpResponse::Created().json(UserView::of(user, handle)))
}

/// List users
#[utoipa::path(tag = "users", operation_id = "listUsers", params(PageQuery),
    responses((status = 200, description = "A page, oldest first", body = Page<UserView>), Problems))]
#[get("/api/v1/users")]
pub async fn list_users(
    state: web::Data<State>,
    _: SignedIn,
    page: Query<PageQuery>,
) -> Result<web::Json<Page<UserView>>> {
    let cursors = Cursors { key: &state.secret, context: "users".into() };
    let rows = user::Entity::find();
    let (rows, next) = cursors.by_id(&*state.db, rows, user::Column::Id, Order::Asc, &page.0).await?;
    let handles = handles(&*state.db, rows.iter().map(|u| u.id)).await?;
    let view = |u: user::Model| {
        let handle = handle_of(&handles, u.id);
        UserView::of(u, handle)
    };
    Ok(web::Json(Page { items: rows.into_iter().map(view).collect(), next }))
}

/// Disable a user
///
/// Their sessions end; they come in by no door and their tokens do nothing until they are enabled again.
#[utoipa::path(tag = "users", operation_id = "disableUser", request_body = DisableRequest, params(("user" = String, Path, description = "Handle of the user")),
    responses((status = 204, description = "Disabled"), Problems))]
#[post("/api/v1/users/{user}/disable")]
pub async fn disable_user(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    body: Json<DisableRequest>,
) -> Result<HttpResponse> {
    let user = find(&state, &segment(&request, "user")?, NamespaceKind::User).await?;
    if body.0.reason.as_ref().is_some_and(|r| r.len() > 1000) {
        return Err(Error::invalid("reason", "at most 1000 bytes"));
    }
    let actor = Actor::from(&*who.0);
    super::disable(&state, &actor, Some(who.0.id), &user, body.0.reason.as_deref()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Enable a user
#[utoipa::path(tag = "users", operation_id = "enableUser", params(("user" = String, Path, description = "Handle of the user")),
    responses((status = 204, description = "Enabled"), Problems))]
#[post("/api/v1/users/{user}/enable")]
pub async fn enable_user(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let user = find(&state, &segment(&request, "user")?, NamespaceKind::User).await?;
    super::enable(&state, &Actor::from(&*who.0), &user).await?;
    Ok(HttpResponse::NoContent().finish())
}
