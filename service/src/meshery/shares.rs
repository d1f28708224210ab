//! Sharing with single people, as clients of Meshery Cloud's API ask for it: of a filter a grant to read, which
//! has its level and its end on the filter's page in Tamis, of a design a line of its own.
use super::{
    catalog::Content,
    designs, filters, profile,
    wire::{Body, Fields, ok},
};
use crate::{
    auth::{Caller, FilterAccess, access::segment, table::Need},
    error::{Error, Result},
    filters::grants::{self, GrantRequest},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, web};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use tamis_entities::{grant, meshery_design, namespace, team, user, value::GrantLevel};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// Most people that one request may name.
const MOST: usize = 100;

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .route("/api/resource/{type}/share/{id}", web::post().to(share))
        .route("/api/resource/{type}/share/{id}/{actor}", web::get().to(list));
}

/// What is shared.
enum Shared {
    Filter(Box<FilterAccess>),
    Design(meshery_design::Model),
}

async fn find(state: &State, caller: &Caller, request: &HttpRequest) -> Result<Shared> {
    let (kind, id) = (segment::<String>(request, "type")?, segment(request, "id")?);
    match Content::parse(&kind).ok_or_else(Error::not_found)? {
        Content::Filter => {
            let found = filters::find(state, caller, id, Need::ManageFilter).await?;
            Ok(Shared::Filter(Box::new(found)))
        }
        Content::Pattern => Ok(Shared::Design(designs::own(state, caller, id).await?)),
    }
}

/// Somebody, or a team, by the id that Meshery knows.
async fn actor(state: &State, map: serde_json::Map<String, Value>) -> Result<namespace::Model> {
    let mut fields = Fields(map);
    let id = fields.id("actor_id")?.ok_or_else(|| Error::invalid("actor_id", "whom: a UUID"))?;
    let missing = || Error::invalid("actor_id", format!("nobody here has the id {id}"));
    let found = match fields.text("actor_type")?.as_deref() {
        None | Some("user") => {
            user::Entity::find().filter(user::Column::MesheryId.eq(id)).one(&*state.db).await?.map(|u| u.id)
        }
        Some("team") => {
            team::Entity::find().filter(team::Column::MesheryId.eq(id)).one(&*state.db).await?.map(|t| t.id)
        }
        Some(_) => return Err(Error::invalid("actor_type", "`user` or `team`")),
    };
    let row = namespace::Entity::find_by_id(found.ok_or_else(missing)?).one(&*state.db).await?;
    row.ok_or_else(missing)
}

async fn actors(state: &State, fields: &mut Fields, name: &str) -> Result<Vec<namespace::Model>> {
    let wrong =
        || Error::invalid(name, format!("a list of at most {MOST} objects with `actor_id` and `actor_type`"));
    let items = match fields.take(name) {
        None => return Ok(vec![]),
        Some(Value::Array(items)) if items.len() <= MOST => items,
        Some(_) => return Err(wrong()),
    };
    let mut all = vec![];
    for item in items {
        let Value::Object(map) = item else { return Err(wrong()) };
        all.push(actor(state, map).await?);
    }
    Ok(all)
}

/// Everybody is looked up before the first line is written.
async fn share(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse> {
    let shared = find(&state, &caller, &request).await?;
    let mut fields = body.fields()?;
    let came = Value::Object(fields.0.clone());
    let given = actors(&state, &mut fields, "grant_access").await?;
    let taken = actors(&state, &mut fields, "revoke_access").await?;
    match &shared {
        Shared::Filter(access) => grant_to(&state, access, &given, &taken).await?,
        Shared::Design(design) => {
            let people = |all: &[namespace::Model]| all.iter().map(|n| n.id).collect::<Vec<_>>();
            designs::open_to(&state, design, &people(&given), &people(&taken)).await?;
        }
    }
    Ok(ok(&came))
}

async fn grant_to(
    state: &State,
    access: &FilterAccess,
    given: &[namespace::Model],
    taken: &[namespace::Model],
) -> Result<()> {
    let held = grant::Entity::find().filter(grant::Column::FilterId.eq(access.filter.id));
    let held: Vec<_> = held.all(&*state.db).await?.into_iter().map(|g| g.subject_id).collect();
    for subject in given {
        // Who holds one already may hold a stronger one.
        if !held.contains(&subject.id) && subject.id != access.namespace.id {
            let wanted = GrantRequest { level: GrantLevel::Read, expires_at: None };
            grants::put(state, access, subject, wanted).await?;
        }
    }
    for subject in taken.iter().filter(|subject| held.contains(&subject.id)) {
        grants::remove(state, access, subject).await?;
    }
    Ok(())
}

async fn list(state: web::Data<State>, caller: Caller, request: HttpRequest) -> Result<HttpResponse> {
    let shared = find(&state, &caller, &request).await?;
    let subjects: Vec<Uuid> = match &shared {
        Shared::Filter(access) => profile::grantees(&state, access.filter.id).await?,
        Shared::Design(design) => designs::open_for(&state, design.id).await?,
    };
    let kind = segment::<String>(&request, "actor")?;
    let users: Vec<Value> = match kind.as_str() {
        "user" | "users" => profile::people(&state, subjects).await?.into_values().collect(),
        "team" | "teams" => super::teams::named(&state, &subjects).await?,
        _ => return Err(Error::not_found()),
    };
    Ok(ok(&match kind.starts_with("team") {
        true => json!({"users": [], "teams": users}),
        false => json!({"users": users}),
    }))
}
