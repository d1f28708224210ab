//! The catalog: one row per filter with something published, written in the transaction
//! that publishes, so that finding and listing are one read. Shows approved snapshots only.
pub mod capabilities;
mod count;
pub mod facets;
pub mod feed;
mod hits;
pub mod http;
pub mod list;
pub mod query;
pub mod recent;
mod tally;
pub mod view;

use crate::{
    db::WriteTxn,
    error::{Error, Result},
    filters,
    modules::store,
    releases::view::ReleaseItem,
    search,
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use tamis_entities::{
    catalog_entry, filter, namespace, release,
    value::{Approved, ReleaseState, Strings},
};
use uuid::Uuid;

/// Brings the filter's row, its search text and its published count up to date.
pub async fn refresh(state: &State, txn: &WriteTxn<'_>, filter_id: Uuid) -> Result<()> {
    let filter = filter::Entity::find_by_id(filter_id).one(&**txn).await?.ok_or_else(Error::not_found)?;
    let count = show(txn, &filter).await?;
    let change = filter::ActiveModel {
        id: Set(filter_id),
        published_releases: Set(count),
        updated_at: Set(state.clock.now()),
        ..Default::default()
    };
    filter::Entity::update(change).exec(&**txn).await?;
    // Who may pull what has changed, as soon as this is seen.
    let known = state.clone();
    txn.once_committed(move || known.registry.forget());
    Ok(())
}

/// Writes the row and the search text of the newest published release, or removes them; how
/// many releases are published or yanked.
pub async fn show(txn: &WriteTxn<'_>, filter: &filter::Model) -> Result<i64> {
    let public = [ReleaseState::Published, ReleaseState::Yanked];
    let releases = release::Entity::find()
        .filter(release::Column::FilterId.eq(filter.id))
        .filter(release::Column::State.is_in(public))
        .into_partial_model::<ReleaseItem>()
        .all(&**txn)
        .await?;
    let count = i64::try_from(releases.len()).unwrap_or(i64::MAX);
    let newest =
        releases.into_iter().filter(|r| r.state == ReleaseState::Published).max_by_key(|r| r.version.rank());
    let newest = match newest {
        Some(item) => release::Entity::find_by_id(item.id).one(&**txn).await?,
        None => None,
    };
    match newest {
        Some(release) => put(txn, filter, &release).await?,
        None => {
            catalog_entry::Entity::delete_by_id(filter.id).exec(&**txn).await?;
            search::remove(txn, search::Corpus::Catalog, filter.id).await?;
        }
    }
    Ok(count)
}

async fn put(txn: &WriteTxn<'_>, filter: &filter::Model, release: &release::Model) -> Result<()> {
    let namespace =
        namespace::Entity::find_by_id(filter.namespace_id).one(&**txn).await?.ok_or_else(Error::not_found)?;
    let (labels, categories) = filters::labels(&**txn, filter.id).await?;
    let approved =
        release.approved.as_ref().ok_or_else(|| Error::internal("a published release without approval"))?;
    let plugin_type = approved.metadata.plugin_type;
    let report = store::last_report(&**txn, &release.sha256, plugin_type).await?;
    let facets = facets::of(plugin_type, release.abi_version.as_deref(), report.as_ref());
    let facets = facets::keep(txn, &facets)?;
    let capabilities = report.map(|r| r.capabilities.into_iter().map(|c| c.id).collect()).unwrap_or_default();
    let row = catalog_entry::ActiveModel {
        filter_id: Set(filter.id),
        release_id: Set(release.id),
        namespace_id: Set(filter.namespace_id),
        namespace: Set(namespace.handle.clone()),
        name: Set(filter.name.clone()),
        title: Set(filter.title.clone()),
        summary: Set(approved.summary.clone()),
        version: Set(release.version.clone()),
        sha256: Set(release.sha256.clone()),
        plugin_type: Set(plugin_type),
        abi_version: Set(release.abi_version.clone()),
        licence: Set(approved.metadata.licence.clone()),
        labels: Set(Strings(labels.clone())),
        categories: Set(Strings(categories)),
        capabilities: Set(Strings(capabilities)),
        facets: Set(Some(facets)),
        downloads: Set(filter.downloads),
        published_at: Set(release.published_at.unwrap_or(release.created_at)),
    };
    use catalog_entry::Column::*;
    let replace = OnConflict::column(FilterId)
        .update_columns([
            ReleaseId,
            NamespaceId,
            Namespace,
            Title,
            Summary,
            Version,
            Sha256,
            PluginType,
            AbiVersion,
            Licence,
            Labels,
            Categories,
            Capabilities,
            Facets,
            Downloads,
            PublishedAt,
        ])
        .to_owned();
    catalog_entry::Entity::insert(row).on_conflict(replace).exec_without_returning(&**txn).await?;
    put_text(txn, filter, &namespace, approved, &labels).await
}

async fn put_text(
    txn: &WriteTxn<'_>,
    filter: &filter::Model,
    namespace: &namespace::Model,
    approved: &Approved,
    labels: &[String],
) -> Result<()> {
    let document = search::Document {
        filter_id: filter.id,
        namespace: namespace.handle.as_str(),
        name: filter.name.as_str(),
        title: &filter.title,
        summary: &approved.summary,
        labels,
        readme: approved.metadata.readme.as_deref(),
    };
    search::put(txn, search::Corpus::Catalog, &document).await
}
