//! A design as a Meshery sends it, and what is kept of it: what is not said stays as it was.
use super::who;
use crate::{
    auth::Caller,
    error::{Error, Kind, Result},
    meshery::{
        filters,
        merge::{is_a_place, merged},
        wire::Fields,
    },
    state::State,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect,
};
use serde_json::Value;
use tamis_entities::{meshery_design as design, value::MesheryVisibility as Seen};
use uuid::Uuid;

/// Most designs of one person.
const MOST: u64 = 10_000;
const LONGEST: usize = 4 * 1024 * 1024;

/// What a Meshery sent of a design; what is not said is kept.
pub struct Given {
    pub id: Option<Uuid>,
    name: Option<String>,
    content: Option<String>,
    visibility: Option<Seen>,
    location: Option<Value>,
    catalog_data: Option<Value>,
}

impl Given {
    pub fn read(mut fields: Fields) -> Result<Self> {
        let content = match fields.take("pattern_file").or_else(|| fields.take("design_file")) {
            None => None,
            Some(Value::String(text)) => Some(text).filter(|t| !t.is_empty()),
            // JSON is YAML, too.
            Some(value @ Value::Object(_)) => Some(value.to_string()),
            Some(_) => return Err(Error::invalid("pattern_file", "the design as a text")),
        };
        if content.as_ref().is_some_and(|c| c.len() > LONGEST) {
            return Err(Error::new(Kind::TooLarge, "body-too-large", "a design is at most 4 MiB"));
        }
        if content.as_ref().is_some_and(|c| c.contains('\0')) {
            return Err(Error::invalid("pattern_file", "texts must not contain NUL"));
        }
        let name = fields.text("name")?;
        if let Some(name) = &name {
            crate::filters::change::check_texts(name, "", None, None)?;
        }
        let visibility = match fields.text("visibility")?.as_deref() {
            None | Some("published") => None,
            Some("private") => Some(Seen::Private),
            Some("public") => Some(Seen::Public),
            Some(_) => return Err(Error::invalid("visibility", "`private`, `public` or `published`")),
        };
        let location = fields.object("location")?.filter(is_a_place);
        let catalog_data = fields.object("catalog_data")?;
        Ok(Self { id: fields.id("id")?, name, content, visibility, location, catalog_data })
    }
}

pub async fn create(state: &State, caller: &Caller, given: Given) -> Result<design::Model> {
    let (who, now) = (who(caller)?, state.clock.now());
    filters::own_home(state, caller).await?;
    let content = given.content.ok_or_else(|| Error::invalid("pattern_file", "the design as a text"))?;
    let row = design::Model {
        id: Uuid::now_v7(),
        owner_id: who.id,
        name: given.name.unwrap_or_else(|| "Untitled design".into()),
        content,
        visibility: given.visibility.unwrap_or(Seen::Private),
        location: given.location.map(|l| l.to_string()),
        catalog_data: given.catalog_data.map(|d| d.to_string()),
        request: None,
        requested_at: None,
        created_at: now,
        updated_at: now,
    };
    let txn = state.db.begin_write().await?;
    let of = design::Entity::find().filter(design::Column::OwnerId.eq(who.id));
    if of.count(&*txn).await? >= MOST {
        return Err(Error::conflict(
            "too-many-documents",
            "10000 designs are kept for one person; delete some",
        ));
    }
    design::Entity::insert(row.clone().into_active_model()).exec_without_returning(&*txn).await?;
    txn.commit().await?;
    Ok(row)
}

pub async fn update(state: &State, old: &design::Model, given: Given) -> Result<design::Model> {
    let txn = state.db.begin_write().await?;
    let now = design::Entity::find_by_id(old.id).lock_exclusive().one(&*txn).await?;
    let now = now.ok_or_else(Error::not_found)?;
    let data = catalog_data(&now, given.catalog_data);
    let seen = given.visibility.filter(|_| now.visibility != Seen::Published);
    let row = design::ActiveModel {
        id: Set(now.id),
        name: Set(given.name.unwrap_or(now.name)),
        content: Set(given.content.unwrap_or(now.content)),
        location: Set(given.location.map(|l| l.to_string()).or(now.location)),
        catalog_data: Set(data),
        visibility: Set(seen.unwrap_or(now.visibility)),
        updated_at: Set(state.clock.now()),
        ..Default::default()
    };
    let now = design::Entity::update(row).exec(&*txn).await?;
    txn.commit().await?;
    Ok(now)
}

/// What is kept of catalog data when this comes.
pub fn catalog_data(now: &design::Model, given: Option<Value>) -> Option<String> {
    match given {
        Some(Value::Object(new)) => Some(merged(now.catalog_data.as_ref(), &new).to_string()),
        _ => now.catalog_data.clone(),
    }
}
