//! People as Meshery knows them. What it must have and Tamis does not ask of anybody (two names, an address)
//! is made from the handle.
use super::documents;
use super::wire::{Body, both, check_text, ok};
use crate::{
    auth::{SignedIn, access::segment},
    error::{Error, Result},
    filters::view::{handle_of, handles},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::collections::HashMap;
use tamis_entities::{
    grant, user,
    value::{MesheryKind, Role, Slug},
};
use uuid::Uuid;

pub fn roles(role: Role) -> Vec<&'static str> {
    [Role::User, Role::Curator, Role::Admin].into_iter().filter(|r| *r <= role).map(Role::as_str).collect()
}

/// Somebody's address, or one that looks like it: newest releases read nothing else.
fn email(state: &State, person: &user::Model, handle: &Slug, own: bool) -> String {
    let host = url::Url::parse(&state.public_url).ok().and_then(|u| u.host_str().map(str::to_owned));
    let host =
        host.filter(|h| h.contains('.') && !h.starts_with('[')).unwrap_or_else(|| "tamis.invalid".into());
    let own = person.email.clone().filter(|_| own);
    own.unwrap_or_else(|| format!("{handle}@{host}"))
}

/// `own`: to the person themselves, who may read their address.
pub fn person(state: &State, person: &user::Model, handle: &Slug, own: bool) -> Value {
    both(json!({
        "id": person.meshery_id,
        "user_id": person.meshery_id,
        "first_name": handle,
        "last_name": "",
        "avatar_url": "",
        "provider": super::capabilities::PROVIDER,
        "email": email(state, person, handle, own),
        "status": if person.disabled_at.is_some() { "inactive" } else { "active" },
        "bio": "",
        "role_names": roles(person.role),
        "preferences": {},
        "country": {},
        "region": {},
        "created_at": person.created_at,
        "updated_at": person.created_at,
    }))
}

/// The person's id as Meshery knows it.
pub async fn id_of(state: &State, who: &SignedIn) -> Result<Uuid> {
    let row = user::Entity::find_by_id(who.0.id).one(&*state.db).await?.ok_or_else(Error::not_found)?;
    Ok(row.meshery_id)
}

/// People by their own ids, in two statements.
pub async fn people(
    state: &State,
    ids: impl IntoIterator<Item = Uuid> + Clone,
) -> Result<HashMap<Uuid, Value>> {
    let rows = user::Entity::find().filter(user::Column::Id.is_in(ids.clone())).all(&*state.db).await?;
    let handles = handles(&*state.db, ids).await?;
    Ok(rows.iter().map(|u| (u.id, person(state, u, &handle_of(&handles, u.id), false))).collect())
}

pub async fn get_own(state: web::Data<State>, who: SignedIn) -> Result<HttpResponse> {
    let row = user::Entity::find_by_id(who.0.id).one(&*state.db).await?.ok_or_else(Error::not_found)?;
    let mut profile = person(&state, &row, &who.0.handle, true);
    if let Some(kept) = documents::only(&state, who.0.id, MesheryKind::Preferences).await?
        && let Ok(preferences @ Value::Object(_)) = serde_json::from_str(&kept.body)
    {
        profile["preferences"] = preferences;
    }
    let organisation = super::around::organisation(&state)?;
    profile["organizations"] = json!({"organizationsWithRoles": [organisation], "totalCount": 1});
    let teams = super::teams::mine(&state, &who.0).await?;
    profile["teams"] = json!({"teamsWithRoles": teams, "totalCount": teams.len()});
    Ok(ok(&profile))
}

/// Somebody else, by the id that Meshery knows; everyone signed in may know who is here by name.
pub async fn get_other(state: web::Data<State>, who: SignedIn, request: HttpRequest) -> Result<HttpResponse> {
    let id: Uuid = segment(&request, "id")?;
    let row = user::Entity::find().filter(user::Column::MesheryId.eq(id)).one(&*state.db).await?;
    let row = row.ok_or_else(Error::not_found)?;
    let handles = handles(&*state.db, [row.id]).await?;
    Ok(ok(&person(&state, &row, &handle_of(&handles, row.id), row.id == who.0.id)))
}

pub async fn get_preferences(state: web::Data<State>, who: SignedIn) -> Result<HttpResponse> {
    let kept = documents::only(&state, who.0.id, MesheryKind::Preferences).await?;
    let body = kept.map_or_else(|| "{}".to_owned(), |k| k.body);
    Ok(HttpResponse::Ok().content_type("application/json").body(body))
}

/// Answers 201, whatever it did: Meshery takes nothing else for a success.
pub async fn put_preferences(state: web::Data<State>, who: SignedIn, body: Body) -> Result<HttpResponse> {
    let value = Value::Object(body.fields()?.0);
    check_text("body", &value)?;
    documents::put_only(&state, who.0.id, MesheryKind::Preferences, value.to_string()).await?;
    Ok(super::wire::answer(StatusCode::CREATED, &value))
}

/// Whoever has a grant on a filter that holds now.
pub async fn grantees(state: &State, filter: Uuid) -> Result<Vec<Uuid>> {
    let now = state.clock.now();
    let lasts =
        Condition::any().add(grant::Column::ExpiresAt.is_null()).add(grant::Column::ExpiresAt.gt(now));
    let rows = grant::Entity::find().filter(grant::Column::FilterId.eq(filter)).filter(lasts);
    Ok(rows.all(&*state.db).await?.into_iter().map(|g| g.subject_id).collect())
}
