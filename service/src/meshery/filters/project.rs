//! The filter of Tamis in the words of Meshery, and what Meshery says that only Meshery reads.
use super::given::Details;
use crate::{
    db::WriteTxn,
    error::Result,
    filters::view::{handle_of, handles, visibility},
    meshery::{
        merge::merged,
        wire::{Profile, both, times},
    },
    state::State,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, sea_query::OnConflict,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use tamis_entities::{catalog_entry, filter, meshery_filter as row, release, user, value::Slug};
use uuid::Uuid;

/// What stands around filters, read for all of a page at once.
pub struct Around {
    owners: HashMap<Uuid, Uuid>,
    handles: HashMap<Uuid, Slug>,
    details: HashMap<Uuid, row::Model>,
    entries: HashMap<Uuid, catalog_entry::Model>,
}

impl Around {
    pub async fn of(state: &State, filters: &[filter::Model]) -> Result<Self> {
        let (db, ids) = (&*state.db, filters.iter().map(|f| f.id));
        let people = filters.iter().flat_map(|f| [f.namespace_id, f.created_by]);
        let owners = user::Entity::find().filter(user::Column::Id.is_in(people)).all(db).await?;
        let details = row::Entity::find().filter(row::Column::FilterId.is_in(ids.clone())).all(db).await?;
        let entries = catalog_entry::Entity::find().filter(catalog_entry::Column::FilterId.is_in(ids));
        Ok(Self {
            owners: owners.into_iter().map(|u| (u.id, u.meshery_id)).collect(),
            handles: handles(db, filters.iter().map(|f| f.namespace_id)).await?,
            details: details.into_iter().map(|d| (d.filter_id, d)).collect(),
            entries: entries.all(db).await?.into_iter().map(|e| (e.filter_id, e)).collect(),
        })
    }
}

fn parsed(text: Option<&String>) -> Option<Value> {
    text.and_then(|text| serde_json::from_str(text).ok())
}

/// One filter; `newest` is the release that stands for it, where somebody looked for it.
pub fn projected(around: &Around, filter: &filter::Model, newest: Option<&release::Model>) -> Value {
    let details = around.details.get(&filter.id);
    let entry = around.entries.get(&filter.id);
    let owner = around.owners.get(&filter.namespace_id).or_else(|| around.owners.get(&filter.created_by));
    let nowhere = || json!({"type": "local", "host": "", "path": "", "branch": ""});
    let mut catalog_data = parsed(details.and_then(|d| d.catalog_data.as_ref())).unwrap_or_else(|| json!({}));
    if let (Some(entry), Some(map)) = (entry, catalog_data.as_object_mut()) {
        let version = json!(entry.version.to_string());
        map.insert("published_version".into(), version.clone());
        map.insert("publishedVersion".into(), version);
    }
    let (version, digest) = match (newest, entry) {
        (Some(release), _) => (Some(release.version.to_string()), Some(release.sha256.digest())),
        (None, Some(entry)) => (Some(entry.version.to_string()), Some(entry.sha256.digest())),
        (None, None) => (None, None),
    };
    let mut object = json!({
        "id": filter.meshery_id,
        "name": filter.title,
        "filter_file": null,
        "filter_resource": details.and_then(|d| d.resource.as_deref()).unwrap_or_default(),
        "user_id": owner,
        "owner": owner,
        "location": parsed(details.and_then(|d| d.location.as_ref())).unwrap_or_else(nowhere),
        "visibility": visibility(filter),
        "catalog_data": catalog_data,
        // Of Tamis; Meshery passes over what it does not know.
        "namespace": handle_of(&around.handles, filter.namespace_id),
        "slug": filter.name,
        "version": version,
        "digest": digest,
    });
    if let Some(map) = object.as_object_mut() {
        map.extend(times(filter.created_at, filter.updated_at).map(|(name, value)| (name.to_owned(), value)));
    }
    both(object)
}

/// The keys that a client of Cloud's API knows; its schema has no room for others.
const CLOUD: [&str; 10] = [
    "id",
    "name",
    "userId",
    "filterFile",
    "filterResource",
    "location",
    "visibility",
    "catalogData",
    "createdAt",
    "updatedAt",
];

/// The object as this client reads it: a Server finds each key in its own spelling among others.
pub fn for_client(profile: Profile, object: Value) -> Value {
    let (Profile::Cloud, Value::Object(mut map)) = (profile, object.clone()) else { return object };
    map.retain(|name, value| CLOUD.contains(&name.as_str()) && !value.is_null());
    if let Some(Value::Object(data)) = map.get_mut("catalogData") {
        data.shift_remove("published_version");
    }
    Value::Object(map)
}

pub async fn project(
    state: &State,
    filter: &filter::Model,
    newest: Option<&release::Model>,
) -> Result<Value> {
    let around = Around::of(state, std::slice::from_ref(filter)).await?;
    Ok(projected(&around, filter, newest))
}

/// Writes what is new of these; whether anything was.
pub async fn keep(txn: &WriteTxn<'_>, filter: Uuid, given: &Details) -> Result<bool> {
    let old = row::Entity::find_by_id(filter).one(&**txn).await?;
    let mut now = old.clone().unwrap_or(row::Model {
        filter_id: filter,
        location: None,
        catalog_data: None,
        resource: None,
    });
    if let Some(location) = &given.location {
        now.location = Some(location.to_string());
    }
    if let Some(Value::Object(data)) = &given.catalog_data {
        now.catalog_data = Some(merged(now.catalog_data.as_ref(), data).to_string());
    }
    now.resource = given.resource.clone().or(now.resource);
    if old.as_ref() == Some(&now) || (old.is_none() && given.is_empty()) {
        return Ok(false);
    }
    use row::Column::{CatalogData, FilterId, Location, Resource};
    let again = OnConflict::column(FilterId).update_columns([Location, CatalogData, Resource]).to_owned();
    row::Entity::insert(now.into_active_model()).on_conflict(again).exec_without_returning(&**txn).await?;
    Ok(true)
}

impl Details {
    fn is_empty(&self) -> bool {
        self.location.is_none() && self.catalog_data.is_none() && self.resource.is_none()
    }
}

/// The same for an act that brings nothing else, such as a publication.
pub async fn keep_catalog_data(state: &State, filter: Uuid, data: Option<Value>) -> Result<()> {
    if data.is_none() {
        return Ok(());
    }
    let details = Details { catalog_data: data, ..Details::default() };
    let txn = state.db.begin_write().await?;
    if keep(&txn, filter, &details).await? {
        let change =
            filter::ActiveModel { id: Set(filter), updated_at: Set(state.clock.now()), ..Default::default() };
        filter::Entity::update(change).exec(&*txn).await?;
    }
    txn.commit().await
}
