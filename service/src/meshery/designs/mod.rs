//! Meshery's designs: documents that Tamis keeps and does not read, with the same rules about who sees what as
//! filters have: its owner, everyone signed in, or everyone. What is published stands in the catalog.
mod given;
mod http;
mod list;
mod requests;
mod resources;

pub use list::catalog_page;
pub use requests::{decide, publish, requested, unpublish};

use super::{
    profile::people,
    wire::{both, shown, stored, times},
};
use crate::{
    auth::{Caller, Identity},
    error::{Error, Result},
    state::State,
};
use actix_web::web;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::OnConflict,
};
use serde_json::{Value, json};
use tamis_entities::{
    meshery_design as design, meshery_design_share as share, value::MesheryVisibility as Seen,
};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn configure(config: &mut ServiceConfig<'_>) {
    const PATTERNS: &str = "/api/content/patterns";
    let below = |rest: &str| format!("{PATTERNS}/{rest}");
    config
        .route(PATTERNS, web::get().to(http::list))
        .route(PATTERNS, web::post().to(http::save))
        .route(&below("delete"), web::post().to(http::delete_many))
        .route(&below("clone/{id}"), web::post().to(http::clone))
        .route(&below("download/{id}"), web::get().to(http::download))
        .route(&below("upload/{id}"), web::post().to(http::upload))
        .route(&below("{id}"), web::get().to(http::get))
        .route(&below("{id}"), web::put().to(http::change))
        .route(&below("{id}"), web::delete().to(http::delete));
    resources::configure(config);
}

pub fn who(caller: &Caller) -> Result<&Identity> {
    caller.identity().ok_or_else(|| Error::unauthenticated("sign in, or send a token"))
}

/// Those of these people and teams.
fn shared_with(subjects: impl IntoIterator<Item = Uuid>) -> Condition {
    let lines = share::Entity::find().select_only().column(share::Column::DesignId);
    let lines = lines.filter(share::Column::SubjectId.is_in(subjects)).into_query();
    Condition::all().add(design::Column::Id.in_subquery(lines))
}

/// What this caller sees.
fn visible(caller: &Caller) -> Condition {
    let published = design::Column::Visibility.eq(Seen::Published);
    match caller.identity() {
        None => Condition::all().add(published),
        Some(who) => Condition::any()
            .add(published)
            .add(design::Column::Visibility.eq(Seen::Public))
            .add(design::Column::OwnerId.eq(who.id))
            .add(shared_with(who.namespaces())),
    }
}

/// One that the caller sees, by the id that Meshery knows.
pub async fn find(state: &State, caller: &Caller, id: Uuid) -> Result<design::Model> {
    let found = design::Entity::find_by_id(stored(id)).filter(visible(caller)).one(&*state.db).await?;
    found.ok_or_else(Error::not_found)
}

/// One that is theirs to change.
pub async fn own(state: &State, caller: &Caller, id: Uuid) -> Result<design::Model> {
    let found = find(state, caller, id).await?;
    match who(caller)?.id == found.owner_id {
        true => Ok(found),
        false => Err(Error::forbidden("role", "you may see this design; it is its owner's to change")),
    }
}

fn parsed(text: Option<&String>) -> Value {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| json!({}))
}

pub async fn project(state: &State, designs: &[design::Model]) -> Result<Vec<Value>> {
    let people = people(state, designs.iter().map(|d| d.owner_id)).await?;
    let view = |d: &design::Model| {
        let owner = people.get(&d.owner_id).map(|p| p["id"].clone());
        let mut object = json!({
            "id": shown(d.id),
            "name": d.name,
            "pattern_file": d.content,
            "user_id": owner,
            "location": parsed(d.location.as_ref()),
            "visibility": d.visibility,
            "catalog_data": parsed(d.catalog_data.as_ref()),
            "type": {"String": "Design", "Valid": true},
        });
        for (name, value) in times(d.created_at, d.updated_at) {
            object[name] = value;
        }
        both(object)
    };
    Ok(designs.iter().map(view).collect())
}

pub async fn projected(state: &State, design: &design::Model) -> Result<Value> {
    let found = project(state, std::slice::from_ref(design)).await?.pop();
    found.ok_or_else(Error::not_found)
}

async fn write(state: &State, row: design::ActiveModel) -> Result<design::Model> {
    let txn = state.db.begin_write().await?;
    let now = design::Entity::update(row).exec(&*txn).await?;
    txn.commit().await?;
    Ok(now)
}

pub async fn remove(state: &State, design: &design::Model) -> Result<()> {
    if design.visibility == Seen::Published {
        let detail = "this design is in the catalog; unpublish it first";
        return Err(Error::conflict("has-published-releases", detail));
    }
    let txn = state.db.begin_write().await?;
    design::Entity::delete_by_id(design.id).exec(&*txn).await?;
    txn.commit().await
}

pub async fn share(state: &State, caller: &Caller, id: Uuid, public: bool) -> Result<()> {
    let design = own(state, caller, id).await?;
    if design.visibility == Seen::Published {
        return Ok(());
    }
    let visibility = Set(if public { Seen::Public } else { Seen::Private });
    write(state, design::ActiveModel { id: Set(design.id), visibility, ..Default::default() }).await?;
    Ok(())
}

/// Opens a design to these, and takes it from those.
pub async fn open_to(state: &State, design: &design::Model, given: &[Uuid], taken: &[Uuid]) -> Result<()> {
    let now = state.clock.now();
    let line = |subject: &Uuid| share::ActiveModel {
        design_id: Set(design.id),
        subject_id: Set(*subject),
        created_at: Set(now),
    };
    let txn = state.db.begin_write().await?;
    if !given.is_empty() {
        let key = [share::Column::DesignId, share::Column::SubjectId];
        let again = OnConflict::columns(key).update_column(share::Column::CreatedAt).to_owned();
        let lines = share::Entity::insert_many(given.iter().map(line));
        lines.on_conflict(again).exec_without_returning(&*txn).await?;
    }
    let of = share::Entity::delete_many().filter(share::Column::DesignId.eq(design.id));
    of.filter(share::Column::SubjectId.is_in(taken.iter().copied())).exec(&*txn).await?;
    txn.commit().await
}

/// Whom it is open to.
pub async fn open_for(state: &State, design: Uuid) -> Result<Vec<Uuid>> {
    let lines = share::Entity::find().filter(share::Column::DesignId.eq(design)).all(&*state.db).await?;
    Ok(lines.into_iter().map(|line| line.subject_id).collect())
}
