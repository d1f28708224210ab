//! Filters: made, described, listed, cloned, removed. Does not know how modules are
//! stored or when something is published.
pub mod audience;
pub mod change;
pub mod clone;
pub mod grants;
pub mod http;
pub mod list;
pub mod mine;
pub mod transfer;
pub mod view;

use crate::{
    audit::{self, Actor},
    auth::{
        FilterAccess, Identity,
        access::{self, relock_filter},
    },
    catalog,
    db::{self, WriteTxn},
    error::{Error, Result},
    fail_here, reviews, search,
    state::State,
    teams::rename::hold_living,
};
use change::{FilterChange, check_texts, words};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
};
use serde_json::json;
use tamis_entities::{
    filter, filter_label, former_filter, namespace, release,
    value::{LabelKind, Metadata, ReleaseState, Slug, Visibility},
};
use uuid::Uuid;

/// Beside the pages of filters, at `/filters/{namespace}/feed.atom`.
const FEED: &str = "feed.atom";

/// Refuses a name that another filter there has, had, or would be mistaken for.
async fn check_name(
    txn: &WriteTxn<'_>,
    namespace: &namespace::Model,
    name: &Slug,
    own: Option<Uuid>,
) -> Result<()> {
    if name.as_str() == FEED {
        return Err(Error::invalid(
            "name",
            format!("`{FEED}` is where the feed of a namespace is; choose another name"),
        ));
    }
    let here = filter::Entity::find().filter(filter::Column::NamespaceId.eq(namespace.id));
    let here = here.filter(filter::Column::Skeleton.eq(name.skeleton())).one(&**txn).await?;
    let left = former_filter::Entity::find().filter(former_filter::Column::NamespaceId.eq(namespace.id));
    let left = left.filter(former_filter::Column::Skeleton.eq(name.skeleton())).one(&**txn).await?;
    let left = left.filter(|l| own.is_none() || l.filter_id != own).map(|l| l.name);
    let Some(other) = here.map(|f| f.name).or(left) else { return Ok(()) };
    let path = format!("{}/{other}", namespace.handle);
    let detail = match other == *name {
        true => format!("`{path}` is taken by a filter that is or was there"),
        false => format!("`{path}` is taken, and `{name}` would be mistaken for it"),
    };
    Err(Error::conflict("name-taken", detail))
}

/// Makes an empty private filter inside the caller's transaction.
pub async fn create(
    state: &State,
    txn: &WriteTxn<'_>,
    who: &Identity,
    namespace: &namespace::Model,
    name: &Slug,
) -> Result<filter::Model> {
    let namespace = &hold_living(txn, namespace.id).await?;
    if access::find_filter(&**txn, namespace.id, name).await?.is_some() {
        // It was not there when the caller looked.
        return Err(Error::conflict(
            "conflict",
            "somebody else made this filter at the same moment; try again",
        ));
    }
    check_name(txn, namespace, name, None).await?;
    let now = state.clock.now();
    let model = filter::Model {
        id: Uuid::now_v7(),
        meshery_id: Uuid::new_v4(),
        namespace_id: namespace.id,
        name: name.clone(),
        skeleton: name.skeleton(),
        title: name.to_string(),
        summary: String::new(),
        visibility: Visibility::Private,
        source_repository: None,
        icon: None,
        defaults: Metadata::default(),
        published_releases: 0,
        downloads: 0,
        row_version: 1,
        created_by: who.id,
        created_at: now,
        updated_at: now,
    };
    filter::Entity::insert(sea_orm::IntoActiveModel::into_active_model(model.clone()))
        .exec_without_returning(&**txn)
        .await?;
    let object = format!("filter:{}/{name}", namespace.handle);
    audit::record(&**txn, &state.clock, &Actor::from(who), "filter.create", object, json!({})).await?;
    index(txn, namespace, &model).await?;
    Ok(model)
}

/// Applies a change inside the caller's transaction.
pub async fn apply(
    state: &State,
    txn: &WriteTxn<'_>,
    who: &Identity,
    namespace: &namespace::Model,
    mut filter: filter::Model,
    change: FilterChange,
) -> Result<filter::Model> {
    let approved_before = (filter.summary.clone(), filter.icon.clone());
    change.title.apply_or_default(&mut filter.title);
    if filter.title.is_empty() {
        filter.title = filter.name.to_string();
    }
    change.summary.apply_or_default(&mut filter.summary);
    change.source_repository.apply(&mut filter.source_repository);
    change.icon.apply(&mut filter.icon);
    filter.visibility = change.visibility.unwrap_or(filter.visibility);
    check_texts(&filter.title, &filter.summary, filter.source_repository.as_deref(), filter.icon.as_deref())?;
    change.defaults.apply(&mut filter.defaults)?;
    if approved_before != (filter.summary.clone(), filter.icon.clone()) {
        // What a curator was asked to approve has changed under the request.
        reviews::supersede_revised(state, txn, reviews::Scope::Filter(filter.id)).await?;
    }
    set_words(txn, filter.id, LabelKind::Label, change.labels, 20).await?;
    set_words(txn, filter.id, LabelKind::Category, change.categories, 5).await?;
    filter.updated_at = state.clock.now();
    filter.row_version += 1;
    let row = filter.clone();
    let update = filter::ActiveModel {
        id: Set(row.id),
        title: Set(row.title),
        summary: Set(row.summary),
        source_repository: Set(row.source_repository),
        icon: Set(row.icon),
        visibility: Set(row.visibility),
        defaults: Set(row.defaults),
        updated_at: Set(row.updated_at),
        row_version: Set(row.row_version),
        ..Default::default()
    };
    filter::Entity::update(update).exec(&**txn).await?;
    let object = format!("filter:{}/{}", namespace.handle, filter.name);
    audit::record(
        &**txn,
        &state.clock,
        &Actor::from(who),
        "filter.change",
        object,
        json!({"visibility": filter.visibility}),
    )
    .await?;
    index(txn, namespace, &filter).await?;
    Ok(filter)
}

async fn set_words(
    txn: &WriteTxn<'_>,
    filter: Uuid,
    kind: LabelKind,
    change: change::Patch<Vec<String>>,
    most: usize,
) -> Result<()> {
    let given = match change {
        change::Patch::Keep => return Ok(()),
        change::Patch::Clear => vec![],
        change::Patch::Set(words) => words,
    };
    let field = if kind == LabelKind::Label { "labels" } else { "categories" };
    let words = words(field, given, most)?;
    filter_label::Entity::delete_many()
        .filter(filter_label::Column::FilterId.eq(filter))
        .filter(filter_label::Column::Kind.eq(kind))
        .exec(&**txn)
        .await?;
    let rows: Vec<_> = words
        .into_iter()
        .map(|value| filter_label::ActiveModel { filter_id: Set(filter), kind: Set(kind), value: Set(value) })
        .collect();
    if !rows.is_empty() {
        filter_label::Entity::insert_many(rows).exec_without_returning(&**txn).await?;
    }
    Ok(())
}

/// Labels and categories of one filter.
pub async fn labels<C: ConnectionTrait>(db: &C, filter: Uuid) -> Result<(Vec<String>, Vec<String>)> {
    let rows = filter_label::Entity::find()
        .filter(filter_label::Column::FilterId.eq(filter))
        .order_by_asc(filter_label::Column::Value)
        .all(db)
        .await?;
    let (labels, categories): (Vec<_>, Vec<_>) = rows.into_iter().partition(|r| r.kind == LabelKind::Label);
    let values = |rows: Vec<filter_label::Model>| rows.into_iter().map(|r| r.value).collect();
    Ok((values(labels), values(categories)))
}

/// Brings what search knows of the filter up to date.
async fn index(txn: &WriteTxn<'_>, namespace: &namespace::Model, filter: &filter::Model) -> Result<()> {
    let (labels, _) = labels(&**txn, filter.id).await?;
    let document = search::Document {
        filter_id: filter.id,
        namespace: namespace.handle.as_str(),
        name: filter.name.as_str(),
        title: &filter.title,
        summary: &filter.summary,
        labels: &labels,
        readme: filter.defaults.readme.as_deref(),
    };
    search::put(txn, search::Corpus::Filters, &document).await
}

/// Removes a filter that has nothing published, if `may_go` agrees with what it is now. Its
/// versions stay taken.
pub async fn delete(
    state: &State,
    access: &FilterAccess,
    may_go: impl Fn(&filter::Model) -> Result<()>,
) -> Result<()> {
    let txn = state.db.begin_write().await?;
    remove(state, &txn, access, may_go).await?;
    fail_here!("delete.before-commit");
    txn.commit().await?;
    fail_here!("delete.after-commit");
    Ok(())
}

/// Deletes several, or none of them.
pub async fn delete_all(state: &State, all: &[FilterAccess]) -> Result<()> {
    let txn = state.db.begin_write().await?;
    // Filters before what hangs on them, as everyone who takes both.
    for access in all {
        relock_filter(&*txn, &access.filter).await?;
    }
    for access in all {
        remove(state, &txn, access, |_| Ok(())).await?;
    }
    txn.commit().await
}

async fn remove(
    state: &State,
    txn: &WriteTxn<'_>,
    access: &FilterAccess,
    may_go: impl Fn(&filter::Model) -> Result<()>,
) -> Result<()> {
    let who = access.who()?;
    let now = relock_filter(&**txn, &access.filter).await?;
    may_go(&now)?;
    let releases = release::Entity::find().filter(release::Column::FilterId.eq(now.id)).all(&**txn).await?;
    let held = |r: &&release::Model| r.state != ReleaseState::Draft;
    if let Some(release) = releases.iter().find(held) {
        let detail = format!(
            "version {} is {}; unpublish it first (a review with the action `unpublish`)",
            release.version, release.state
        );
        return Err(Error::conflict("has-published-releases", detail));
    }
    reviews::supersede_open(state, txn, reviews::Scope::Filter(now.id), "its filter was deleted").await?;
    // Documents before modules, as everyone who takes both.
    search::remove(txn, search::Corpus::Filters, access.filter.id).await?;
    search::remove(txn, search::Corpus::Catalog, access.filter.id).await?;
    crate::releases::lock_objects(txn, &releases).await?;
    for release in &releases {
        crate::releases::bury(state, txn, who, &access.filter, release).await?;
    }
    filter::Entity::delete_by_id(access.filter.id).exec(&**txn).await?;
    let detail = json!({"releases": releases.len()});
    audit::record(
        &**txn,
        &state.clock,
        &Actor::from(who),
        "filter.delete",
        format!("filter:{}", access.name()),
        detail,
    )
    .await
}

/// The job after a rename: what search and catalog say of a namespace's filters, one by one.
pub async fn reindex(state: &State, namespace: Uuid) -> Result<()> {
    let mut last = Uuid::nil();
    loop {
        let of = filter::Entity::find().filter(filter::Column::NamespaceId.eq(namespace));
        let next = of.filter(filter::Column::Id.gt(last)).order_by_asc(filter::Column::Id).one(&*state.db);
        let Some(found) = next.await? else { return Ok(()) };
        last = found.id;
        db::retrying(|| reindex_one(state, found.id)).await?;
    }
}

async fn reindex_one(state: &State, id: Uuid) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let Some(filter) = access::lock_filter(&*txn, id).await? else { return Ok(()) };
    let namespace = namespace::Entity::find_by_id(filter.namespace_id).one(&*txn).await?;
    index(&txn, &namespace.ok_or_else(Error::not_found)?, &filter).await?;
    catalog::show(&txn, &filter).await?;
    txn.commit().await
}

/// How many releases the filter has; an empty filter is one that nobody uploaded to yet.
pub async fn count_releases(state: &State, filter: Uuid) -> Result<u64> {
    Ok(release::Entity::find().filter(release::Column::FilterId.eq(filter)).count(&*state.db).await?)
}
