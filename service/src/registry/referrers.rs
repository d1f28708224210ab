//! What refers to a manifest: signatures, SBOMs, other forms. Listed from the manifests that name it
//! as their subject, and from the tag that clients keep where registries have no such list.
use super::{
    access::Repository,
    document::{self, INDEX},
    name::Digest,
    opening, reading,
    refusal::Result,
    tags,
};
use crate::state::State;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use tamis_entities::registry_manifest;
use uuid::Uuid;

/// Entries of one answer.
const MOST: u64 = 500;
/// Clients read no more than 4 MiB of an answer; each entry has some words around it. A page has one at least.
const BYTES: i64 = 3 * 1024 * 1024;

/// What a client asks for.
#[derive(Default)]
pub struct Wanted {
    pub artifact_type: Option<String>,
    /// Where the page begins: after this one.
    pub after: Option<Uuid>,
}

impl Wanted {
    pub fn read(query: &str) -> Self {
        let mut wanted = Self::default();
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match key.as_ref() {
                "artifactType" => {
                    wanted.artifact_type = Some(value.replace('\0', "")).filter(|t| !t.is_empty())
                }
                "after" => wanted.after = value.parse().ok(),
                _ => {}
            }
        }
        wanted
    }
}

pub struct Referrers {
    pub index: Value,
    pub next: Option<Uuid>,
}

pub fn nothing() -> Referrers {
    Referrers { index: index(vec![]), next: None }
}

fn index(manifests: Vec<Value>) -> Value {
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests})
}

pub async fn list(
    state: &State,
    repository: &Repository,
    subject: &Digest,
    wanted: &Wanted,
) -> Result<Referrers> {
    if !repository.is_insider() {
        // To others they are part of what they refer to.
        let found = opening::find(state, repository.filter.id, subject.as_str()).await?;
        let Some(found) = found else { return Ok(nothing()) };
        if repository.opens(state, &found).await?.is_none() {
            return Ok(nothing());
        }
    }
    let (ids, next) = page(state, repository, subject, wanted).await?;
    let rows = registry_manifest::Entity::find()
        .filter(registry_manifest::Column::Id.is_in(ids))
        .order_by_asc(registry_manifest::Column::Id)
        .into_partial_model::<Row>()
        .all(&*state.db)
        .await?;
    let used: i64 = rows.iter().map(|row| row.size).sum();
    let mut manifests: Vec<Value> = rows.into_iter().map(shown).collect();
    if next.is_some() || !repository.is_insider() {
        return Ok(Referrers { index: index(manifests), next });
    }
    // Behind the last page comes what the tag has besides, on a page of its own if it is much.
    let (kept, size) = from_tag(state, repository, subject, wanted).await?;
    if !kept.is_empty() && !manifests.is_empty() && used + size > BYTES {
        return Ok(Referrers { index: index(manifests), next: Some(Uuid::max()) });
    }
    manifests.extend(kept);
    Ok(Referrers { index: index(manifests), next: None })
}

/// The ids of one page, and the last of them if there are more. What is shown of a manifest is shorter than it is.
async fn page(
    state: &State,
    repository: &Repository,
    subject: &Digest,
    wanted: &Wanted,
) -> Result<(Vec<Uuid>, Option<Uuid>)> {
    use registry_manifest::Column::{ArtifactType, FilterId, Id, Size, Subject};
    let after = wanted.after.map(|after| Id.gt(after));
    let of_type = wanted.artifact_type.as_ref().map(|kind| ArtifactType.eq(kind.as_str()));
    let sizes: Vec<(Uuid, i64)> = registry_manifest::Entity::find()
        .select_only()
        .columns([Id, Size])
        .filter(FilterId.eq(repository.filter.id))
        .filter(Subject.eq(subject.as_str()))
        .filter(Condition::all().add_option(after).add_option(of_type))
        .filter(repository.listable())
        .order_by_asc(Id)
        .limit(MOST + 1)
        .into_tuple()
        .all(&*state.db)
        .await?;
    let (mut ids, mut bytes) = (vec![], 0);
    for (id, size) in sizes.iter().take(usize::try_from(MOST).unwrap_or(usize::MAX)) {
        bytes += size;
        if bytes > BYTES && !ids.is_empty() {
            break;
        }
        ids.push(*id);
    }
    let next = ids.last().copied().filter(|_| ids.len() < sizes.len());
    Ok((ids, next))
}

/// What is shown of a manifest.
#[derive(sea_orm::DerivePartialModel)]
#[sea_orm(entity = "registry_manifest::Entity")]
struct Row {
    digest: String,
    media_type: String,
    artifact_type: Option<String>,
    annotations: Option<Value>,
    size: i64,
}

fn shown(row: Row) -> Value {
    let mut descriptor = Map::new();
    descriptor.insert("mediaType".into(), row.media_type.into());
    descriptor.insert("digest".into(), row.digest.into());
    descriptor.insert("size".into(), row.size.into());
    if let Some(kind) = row.artifact_type {
        descriptor.insert("artifactType".into(), kind.into());
    }
    if let Some(annotations) = row.annotations {
        descriptor.insert("annotations".into(), annotations);
    }
    Value::Object(descriptor)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The entries of the index that clients keep under the subject's tag, without those that are listed anyway;
/// and about how long they are.
async fn from_tag(
    state: &State,
    repository: &Repository,
    subject: &Digest,
    wanted: &Wanted,
) -> Result<(Vec<Value>, i64)> {
    let Some(kept) = tags::resolve(state, repository, &subject.fallback_tag()).await? else {
        return Ok((vec![], 0));
    };
    let _turn = reading::turn(state, kept.content.len()).await?;
    if kept.media_type != INDEX || document::read(&kept.content, INDEX).is_err() {
        return Ok((vec![], 0));
    }
    let index: Value = serde_json::from_slice(&kept.content).unwrap_or_default();
    let entries = index.get("manifests").and_then(Value::as_array).cloned().unwrap_or_default();
    let digests: Vec<&str> = entries.iter().map(|d| text(d, "digest")).collect();
    let mut known = listed(state, repository, subject, &digests).await?;
    let kind = |d: &Value| wanted.artifact_type.as_ref().is_none_or(|kind| text(d, "artifactType") == kind);
    let more = entries.iter().filter(|d| kind(d) && known.insert(text(d, "digest").to_owned()));
    Ok((more.cloned().collect(), kept.size))
}

/// Those of the digests whose manifests are here and name the subject.
async fn listed(
    state: &State,
    repository: &Repository,
    subject: &Digest,
    digests: &[&str],
) -> Result<BTreeSet<String>> {
    use registry_manifest::Column;
    let mut known = BTreeSet::new();
    for some in digests.chunks(500) {
        let found: Vec<String> = registry_manifest::Entity::find()
            .select_only()
            .column(Column::Digest)
            .filter(Column::FilterId.eq(repository.filter.id))
            .filter(Column::Subject.eq(subject.as_str()))
            .filter(Column::Digest.is_in(some.iter().copied()))
            .into_tuple()
            .all(&*state.db)
            .await?;
        known.extend(found);
    }
    Ok(known)
}
