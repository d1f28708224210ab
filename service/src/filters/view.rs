//! How a filter looks from outside.
use crate::{error::Result, state::State};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tamis_entities::{
    filter, namespace,
    value::{Metadata, Slug, Timestamp, Visibility},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// `published` is derived: at least one release is published or yanked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShownVisibility {
    Private,
    Public,
    Published,
}

pub fn visibility(filter: &filter::Model) -> ShownVisibility {
    match (filter.published_releases > 0, filter.visibility) {
        (true, _) => ShownVisibility::Published,
        (false, Visibility::Public) => ShownVisibility::Public,
        (false, Visibility::Private) => ShownVisibility::Private,
    }
}

#[derive(Serialize, ToSchema)]
pub struct FilterView {
    pub namespace: Slug,
    pub name: Slug,
    pub title: String,
    pub summary: String,
    pub visibility: ShownVisibility,
    pub source_repository: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    pub labels: Vec<String>,
    pub categories: Vec<String>,
    /// What a new release starts from; shown to those who may write the filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub defaults: Option<Metadata>,
    /// Downloads and pulls of what is published; some seconds late, and no part of the `ETag`.
    pub downloads: i64,
    pub created_by: Slug,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// One line of a list.
#[derive(Serialize, ToSchema)]
pub struct FilterItem {
    pub namespace: Slug,
    pub name: Slug,
    pub title: String,
    pub summary: String,
    pub visibility: ShownVisibility,
    pub downloads: i64,
    pub updated_at: Timestamp,
}

pub async fn view(
    state: &State,
    namespace: &namespace::Model,
    filter: &filter::Model,
    with_defaults: bool,
) -> Result<FilterView> {
    let (labels, categories) = super::labels(&*state.db, filter.id).await?;
    let handles = handles(&*state.db, [filter.created_by]).await?;
    Ok(FilterView {
        namespace: namespace.handle.clone(),
        name: filter.name.clone(),
        title: filter.title.clone(),
        summary: filter.summary.clone(),
        visibility: visibility(filter),
        source_repository: filter.source_repository.clone(),
        icon: filter.icon.clone(),
        labels,
        categories,
        defaults: with_defaults.then(|| filter.defaults.clone()),
        downloads: filter.downloads,
        created_by: handle_of(&handles, filter.created_by),
        created_at: filter.created_at,
        updated_at: filter.updated_at,
    })
}

/// The handles of many namespaces in one query.
pub async fn handles<C: ConnectionTrait>(
    db: &C,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Slug>> {
    let rows = namespace::Entity::find().filter(namespace::Column::Id.is_in(ids)).all(db).await?;
    Ok(rows.into_iter().map(|n| (n.id, n.handle)).collect())
}

pub fn handle_of(handles: &HashMap<Uuid, Slug>, id: Uuid) -> Slug {
    // A user that is gone keeps their releases; `ghost` cannot be registered by another.
    handles.get(&id).cloned().unwrap_or_else(Slug::ghost)
}

/// `namespace/filter` of many filters, in two queries.
pub async fn names<C: ConnectionTrait>(
    db: &C,
    filters: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, String>> {
    use filter::Column;
    let rows = filter::Entity::find()
        .select_only()
        .columns([Column::Id, Column::NamespaceId, Column::Name])
        .filter(Column::Id.is_in(filters));
    let rows: Vec<(Uuid, Uuid, Slug)> = rows.into_tuple().all(db).await?;
    let handles = handles(db, rows.iter().map(|(_, namespace, _)| *namespace)).await?;
    let named = |(id, namespace, name)| (id, format!("{}/{name}", handle_of(&handles, namespace)));
    Ok(rows.into_iter().map(named).collect())
}
