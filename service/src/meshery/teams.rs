//! The instance as an organisation, and its teams, as Meshery lists and changes them: the teams of Tamis by
//! another id. Owners of a team decide, as at every door.
use super::{
    around::check_organisation,
    profile,
    wire::{Asked, Body, Profile, answer, both, ok},
};
use crate::{
    auth::{SignedIn, access::segment},
    error::{Error, Result},
    state::State,
    teams,
};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use tamis_entities::{
    namespace, team, team_member, user,
    value::{MemberRole, NamespaceKind, Slug},
};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn configure(config: &mut ServiceConfig<'_>) {
    const TEAMS: &str = "/api/identity/orgs/{org}/teams";
    const TEAM: &str = "/api/identity/orgs/{org}/teams/{team}";
    const USERS: &str = "/api/identity/orgs/{org}/teams/{team}/users";
    const USER: &str = "/api/identity/orgs/{org}/teams/{team}/users/{user}";
    config
        .route(TEAMS, web::get().to(list))
        .route(TEAMS, web::post().to(create))
        .route(TEAM, web::get().to(get))
        .route(TEAM, web::put().to(change))
        .route(TEAM, web::delete().to(delete))
        .route(USERS, web::get().to(list_users))
        .route(USER, web::post().to(add_user))
        .route(USER, web::delete().to(remove_user));
}

fn view(row: &team::Model, handle: &Slug) -> Value {
    both(json!({
        "id": row.meshery_id,
        "name": row.title,
        "team_name": row.title,
        "description": "",
        "owner": handle,
        "metadata": {},
        "created_at": row.created_at,
        "updated_at": row.created_at,
        "deleted_at": null,
    }))
}

pub async fn mine(state: &State, who: &crate::auth::Identity) -> Result<Vec<Value>> {
    let ids: Vec<_> = who.teams.iter().map(|(id, _)| *id).filter(|id| who.role_in(*id).is_some()).collect();
    named(state, &ids).await
}

/// Some teams, by their own ids.
pub async fn named(state: &State, ids: &[Uuid]) -> Result<Vec<Value>> {
    let rows = team::Entity::find().filter(team::Column::Id.is_in(ids.iter().copied()));
    let rows = rows.order_by_asc(team::Column::Id).all(&*state.db).await?;
    let handles = crate::filters::view::handles(&*state.db, ids.iter().copied()).await?;
    Ok(rows.iter().map(|t| view(t, &crate::filters::view::handle_of(&handles, t.id))).collect())
}

/// The team of the path, for who is in it.
struct Found {
    row: team::Model,
    namespace: namespace::Model,
    role: MemberRole,
}

async fn find(state: &State, who: &SignedIn, request: &HttpRequest) -> Result<Found> {
    check_organisation(state, request)?;
    let id: Uuid = segment(request, "team")?;
    let row = team::Entity::find().filter(team::Column::MesheryId.eq(id)).one(&*state.db).await?;
    let role = row.as_ref().and_then(|t| who.0.role_in(t.id));
    let (Some(row), Some(role)) = (row, role) else { return Err(Error::not_found()) };
    let namespace = namespace::Entity::find_by_id(row.id).one(&*state.db).await?;
    Ok(Found { row, namespace: namespace.ok_or_else(Error::not_found)?, role })
}

/// For acts that are its owners' to decide.
async fn own(state: &State, who: &SignedIn, request: &HttpRequest) -> Result<Found> {
    let found = find(state, who, request).await?;
    match found.role {
        MemberRole::Owner => Ok(found),
        _ => Err(Error::forbidden("role", "this is for owners of the team")),
    }
}

async fn list(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    asked: Asked,
) -> Result<HttpResponse> {
    check_organisation(&state, &request)?;
    Ok(ok(&asked.page()?.of("teams", mine(&state, &who.0).await?)))
}

async fn create(
    state: web::Data<State>,
    who: SignedIn,
    client: Profile,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse> {
    check_organisation(&state, &request)?;
    let mut fields = body.fields()?;
    let name = match fields.text("team_name")? {
        Some(name) => Some(name),
        None => fields.text("name")?,
    };
    let name = name.ok_or_else(|| Error::invalid("name", "what the team is called"))?;
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let words: String = name.chars().map(plain).collect();
    let words: Vec<_> = words.split('-').filter(|w| !w.is_empty()).collect();
    let handle: Slug = words.join("-").parse().map_err(|_| {
        Error::invalid(
            "name",
            "a team's handle is made from its name, which needs letters or digits, at most 64",
        )
    })?;
    let row = teams::create(&state, &who.0, &handle, Some(name)).await?;
    Ok(match client {
        Profile::Server => ok(&view(&row, &handle)),
        Profile::Cloud => answer(StatusCode::CREATED, &view(&row, &handle)),
    })
}

async fn get(state: web::Data<State>, who: SignedIn, request: HttpRequest) -> Result<HttpResponse> {
    let found = find(&state, &who, &request).await?;
    Ok(ok(&view(&found.row, &found.namespace.handle)))
}

async fn change(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse> {
    let found = own(&state, &who, &request).await?;
    let mut fields = body.fields()?;
    let title = match fields.text("team_name")? {
        Some(name) => Some(name),
        None => fields.text("name")?,
    };
    let (namespace, row) = teams::change(&state, &who.0, &found.namespace, None, title.as_deref()).await?;
    Ok(ok(&view(&row, &namespace.handle)))
}

/// What is over: a Server reads what it was, a client of Cloud's API nothing.
fn gone(client: Profile, found: &Found) -> HttpResponse {
    match client {
        Profile::Server => ok(&view(&found.row, &found.namespace.handle)),
        Profile::Cloud => HttpResponse::NoContent().finish(),
    }
}

async fn delete(
    state: web::Data<State>,
    who: SignedIn,
    client: Profile,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let found = own(&state, &who, &request).await?;
    teams::remove(&state, &who.0, &found.namespace).await?;
    Ok(gone(client, &found))
}

async fn list_users(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    asked: Asked,
) -> Result<HttpResponse> {
    let found = find(&state, &who, &request).await?;
    let of = team_member::Entity::find().filter(team_member::Column::TeamId.eq(found.row.id));
    let ids: Vec<_> = of.all(&*state.db).await?.into_iter().map(|m| m.user_id).collect();
    let mut people = profile::people(&state, ids.clone()).await?;
    let people = ids.iter().filter_map(|id| people.remove(id)).collect();
    Ok(ok(&asked.page()?.of("users", people)))
}

async fn member(state: &State, request: &HttpRequest) -> Result<namespace::Model> {
    let id: Uuid = segment(request, "user")?;
    let user = user::Entity::find().filter(user::Column::MesheryId.eq(id)).one(&*state.db).await?;
    let user = user.ok_or_else(Error::not_found)?;
    let namespace = namespace::Entity::find_by_id(user.id).one(&*state.db).await?;
    namespace.filter(|n| n.kind == NamespaceKind::User).ok_or_else(Error::not_found)
}

async fn add_user(state: web::Data<State>, who: SignedIn, request: HttpRequest) -> Result<HttpResponse> {
    let found = own(&state, &who, &request).await?;
    let user = member(&state, &request).await?;
    teams::set_member(&state, &who.0, &found.namespace, &user, MemberRole::Member).await?;
    Ok(ok(&view(&found.row, &found.namespace.handle)))
}

async fn remove_user(
    state: web::Data<State>,
    who: SignedIn,
    client: Profile,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let found = find(&state, &who, &request).await?;
    let user = member(&state, &request).await?;
    teams::remove_member(&state, &who.0, &found.namespace, &user).await?;
    Ok(gone(client, &found))
}
