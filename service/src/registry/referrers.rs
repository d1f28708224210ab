//! What refers to a manifest: signatures, SBOMs, other forms. Listed from the manifests that name it
//! as their subject, and from the tag that clients keep where registries have no such list.
use super::{
    access::{self, Repository},
    document::{self, INDEX},
    name::Digest,
    refusal::Result,
    tags,
};
use crate::state::State;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use tamis_entities::registry_manifest;
use uuid::Uuid;

/// So many fit into what clients read of one answer.
const MOST: u64 = 500;

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
        let found = access::find(state, repository.filter.id, subject.as_str()).await?;
        let Some(found) = found else { return Ok(nothing()) };
        if repository.opens(state, &found).await?.is_none() {
            return Ok(nothing());
        }
    }
    use registry_manifest::Column::{ArtifactType, FilterId, Id, Subject};
    let after = wanted.after.map(|after| Id.gt(after));
    let of_type = wanted.artifact_type.as_ref().map(|kind| ArtifactType.eq(kind.as_str()));
    let mut rows = registry_manifest::Entity::find()
        .filter(FilterId.eq(repository.filter.id))
        .filter(Subject.eq(subject.as_str()))
        .filter(Condition::all().add_option(after).add_option(of_type))
        .order_by_asc(Id)
        .limit(MOST + 1)
        .into_partial_model::<Row>()
        .all(&*state.db)
        .await?;
    let more = rows.len() as u64 > MOST;
    rows.truncate(usize::try_from(MOST).unwrap_or(usize::MAX));
    let next = rows.last().filter(|_| more).map(|row| row.id);
    let mut known: BTreeSet<String> = rows.iter().map(|row| row.digest.clone()).collect();
    let mut manifests: Vec<Value> = rows.into_iter().map(shown).collect();
    if repository.is_insider() && wanted.after.is_none() {
        let kept = from_tag(state, repository, subject, wanted).await?;
        manifests.extend(kept.into_iter().filter(|d| known.insert(text(d, "digest").to_owned())));
    }
    Ok(Referrers { index: index(manifests), next })
}

/// What is shown of a manifest.
#[derive(sea_orm::DerivePartialModel)]
#[sea_orm(entity = "registry_manifest::Entity")]
struct Row {
    id: Uuid,
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

/// The entries of the index that clients keep under the subject's tag.
async fn from_tag(
    state: &State,
    repository: &Repository,
    subject: &Digest,
    wanted: &Wanted,
) -> Result<Vec<Value>> {
    let Some(kept) = tags::resolve(state, repository, &subject.fallback_tag()).await? else {
        return Ok(vec![]);
    };
    if kept.media_type != INDEX || document::read(&kept.content, INDEX).is_err() {
        return Ok(vec![]);
    }
    let index: Value = serde_json::from_slice(&kept.content).unwrap_or_default();
    let entries = index.get("manifests").and_then(Value::as_array).cloned().unwrap_or_default();
    let kind = |d: &Value| wanted.artifact_type.as_ref().is_none_or(|kind| text(d, "artifactType") == kind);
    Ok(entries.into_iter().filter(kind).collect())
}
