//! Tags: names that writers give, and those that follow from what is published (`latest`, `1.2`).
//! Listed in the order of ASCII, which both databases are told to keep.
use super::{
    access::Repository,
    name::{minor_of, version_of},
    refusal::{Refusal, Result},
};
use crate::{auth::access::find_release, db::WriteTxn, state::State};
use actix_web::http::StatusCode;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::OnConflict,
};
use serde::Serialize;
use std::collections::BTreeSet;
use tamis_entities::{
    catalog_entry, registry_manifest, registry_tag, release, release_form,
    value::{ReleaseState, Version, Visibility},
};
use uuid::Uuid;

/// The longest page, whatever is asked for.
const MOST: u64 = 1000;
pub const LATEST: &str = "latest";

/// The versions that tags follow; of one minor version only, if so asked.
async fn published(state: &State, repository: &Repository, of: Option<(u64, u64)>) -> Result<Vec<Version>> {
    let of = of.map(|(major, minor)| release::Column::Version.starts_with(format!("{major}.{minor}.")));
    let versions = release::Entity::find()
        .select_only()
        .column(release::Column::Version)
        .filter(release::Column::FilterId.eq(repository.filter.id))
        .filter(release::Column::State.eq(ReleaseState::Published))
        .filter(Condition::all().add_option(of));
    Ok(versions.into_tuple().all(&*state.db).await?)
}

/// The version that the tag follows; none where it is a name like others.
async fn followed(state: &State, repository: &Repository, tag: &str) -> Result<Option<Version>> {
    // Spares the question for what has never been published.
    if repository.filter.published_releases == 0 {
        return Ok(None);
    }
    if tag == LATEST {
        // What the catalog shows of a filter: its newest, a pre-release only when there is nothing else.
        let shown = catalog_entry::Entity::find_by_id(repository.filter.id)
            .select_only()
            .column(catalog_entry::Column::Version);
        return Ok(shown.into_tuple().one(&*state.db).await?);
    }
    let Some(minor) = minor_of(tag) else { return Ok(None) };
    let versions = published(state, repository, Some(minor)).await?;
    Ok(versions.into_iter().filter(|v| !v.is_prerelease()).max_by_key(Version::semver))
}

/// Whether the tag follows the published releases of this repository.
pub async fn is_computed(state: &State, repository: &Repository, tag: &str) -> Result<bool> {
    Ok(followed(state, repository, tag).await?.is_some())
}

/// The release of the version that the tag is.
pub async fn release_of(txn: &WriteTxn<'_>, filter: Uuid, tag: &str) -> Result<Option<release::Model>> {
    let Some(version) = version_of(tag) else { return Ok(None) };
    Ok(find_release(&**txn, filter, &version).await?)
}

/// Whether the tag names a form of the release of its version: then it does so for good. One that was
/// given before there was the release may name something else.
pub async fn is_of_release(txn: &WriteTxn<'_>, repository: &Repository, tag: &str) -> Result<bool> {
    let Some(release) = release_of(txn, repository.filter.id, tag).await? else { return Ok(false) };
    let key = (repository.filter.id, repository.name.wasm, tag.to_owned());
    let Some(row) = registry_tag::Entity::find_by_id(key).one(&**txn).await? else { return Ok(false) };
    Ok(release_form::Entity::find_by_id((release.id, row.manifest_id)).one(&**txn).await?.is_some())
}

pub async fn resolve(
    state: &State,
    repository: &Repository,
    tag: &str,
) -> Result<Option<registry_manifest::Model>> {
    let followed = followed(state, repository, tag).await?;
    let name = followed.map_or_else(|| tag.to_owned(), |version| version.to_string());
    let named = registry_tag::Entity::find()
        .select_only()
        .column(registry_tag::Column::ManifestId)
        .filter(registry_tag::Column::FilterId.eq(repository.filter.id))
        .filter(registry_tag::Column::Wasm.eq(repository.name.wasm))
        .filter(registry_tag::Column::Name.eq(name));
    let manifest = registry_manifest::Entity::find()
        .filter(registry_manifest::Column::Id.in_subquery(named.into_query()));
    Ok(manifest.one(&*state.db).await?)
}

/// Gives a manifest a name, which another may have had.
pub async fn put(
    state: &State,
    txn: &WriteTxn<'_>,
    filter: Uuid,
    (wasm, name): (bool, &str),
    manifest: Uuid,
) -> Result<(), sea_orm::DbErr> {
    let row = registry_tag::ActiveModel {
        filter_id: Set(filter),
        wasm: Set(wasm),
        name: Set(name.to_owned()),
        manifest_id: Set(manifest),
        updated_at: Set(state.clock.now()),
    };
    use registry_tag::Column::{FilterId, ManifestId, Name, UpdatedAt, Wasm};
    let moved =
        OnConflict::columns([FilterId, Wasm, Name]).update_columns([ManifestId, UpdatedAt]).to_owned();
    registry_tag::Entity::insert(row).on_conflict(moved).exec_without_returning(&**txn).await?;
    Ok(())
}

#[derive(Serialize)]
pub struct List {
    pub name: String,
    pub tags: Vec<String>,
    /// Where the next page begins.
    #[serde(skip)]
    pub next: Option<(u64, String)>,
}

/// What a client says of the page it wants.
#[derive(Default)]
pub struct Page {
    pub n: Option<u64>,
    pub last: Option<String>,
}

impl Page {
    pub fn read(query: &str) -> Result<Self> {
        let mut page = Self::default();
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match key.as_ref() {
                "n" => page.n = Some(number(&value)?),
                "last" => page.last = Some(value.into_owned()),
                _ => {}
            }
        }
        Ok(page)
    }
}

/// However large it is, it only says how much the client would take.
fn number(text: &str) -> Result<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match digits {
        true => Ok(text.parse().unwrap_or(u64::MAX)),
        false => Err(Refusal::new(StatusCode::BAD_REQUEST, "UNSUPPORTED", "`n` is a whole number")),
    }
}

/// The tags of what the caller finds in lists.
pub async fn list(state: &State, repository: &Repository, page: Page) -> Result<List> {
    let name = repository.name.to_string();
    let most = page.n.unwrap_or(MOST).min(MOST);
    if most == 0 {
        return Ok(List { name, tags: vec![], next: None });
    }
    let last = page.last.unwrap_or_default();
    // PostgreSQL has no text with NUL, so no tag comes after one.
    let after = last.split('\0').next().unwrap_or_default();
    let named: Vec<String> = registry_tag::Entity::find()
        .select_only()
        .column(registry_tag::Column::Name)
        .filter(registry_tag::Column::FilterId.eq(repository.filter.id))
        .filter(registry_tag::Column::Wasm.eq(repository.name.wasm))
        .filter(registry_tag::Column::Name.gt(after))
        .filter(listed(repository))
        .order_by_asc(registry_tag::Column::Name)
        .limit(most + 1)
        .into_tuple()
        .all(&*state.db)
        .await?;
    let mut all: BTreeSet<String> = named.into_iter().collect();
    let versions = match repository.filter.published_releases {
        0 => vec![],
        _ => published(state, repository, None).await?,
    };
    if !versions.is_empty() {
        let stable = versions.iter().map(Version::semver).filter(|v| v.pre.is_empty());
        let minors = stable.map(|v| format!("{}.{}", v.major, v.minor));
        all.extend(minors.chain([LATEST.to_owned()]).filter(|tag| tag.as_str() > after));
    }
    let more = all.len() as u64 > most;
    let tags: Vec<_> = all.into_iter().take(usize::try_from(most).unwrap_or(usize::MAX)).collect();
    let next = tags.last().filter(|_| more).map(|last| (most, last.clone()));
    Ok(List { name, tags, next })
}

/// Members see every tag; others those of releases that they find in lists.
fn listed(repository: &Repository) -> Condition {
    if repository.is_insider() {
        return Condition::all();
    }
    let mut states = vec![ReleaseState::Published];
    if repository.filter.visibility == Visibility::Public && repository.relation.id.is_some() {
        states.push(ReleaseState::Draft);
    }
    if repository.relation.reviews {
        states.extend([ReleaseState::Draft, ReleaseState::Yanked]);
    }
    let releases = release::Entity::find()
        .select_only()
        .column(release::Column::Id)
        .filter(release::Column::FilterId.eq(repository.filter.id))
        .filter(release::Column::State.is_in(states))
        .into_query();
    let forms = release_form::Entity::find()
        .select_only()
        .column(release_form::Column::ManifestId)
        .filter(release_form::Column::ReleaseId.in_subquery(releases));
    Condition::all().add(registry_tag::Column::ManifestId.in_subquery(forms.into_query()))
}
