//! A manifest comes in: read strictly, what it names must be there, then it is stored as it is. Under
//! the tag of a version a manifest with a module inside is a release.
use super::{
    access::Repository,
    blobs,
    document::Document,
    forms::{self, NewManifest},
    name::{Algorithm, Digest, Reference, is_tag, version_of},
    reading::Manifest,
    refusal::{Refusal, Result, retrying},
    release, tags,
    token::Action,
};
use crate::{auth::access::relock_filter, state::State};
use actix_web::http::StatusCode;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use std::collections::{BTreeMap, BTreeSet};
use tamis_entities::{registry_blob, registry_manifest, registry_tag};
use uuid::Uuid;

/// The specification asks for at least so much.
pub const MOST: usize = 4 * 1024 * 1024;
/// As many tags as one request may give.
const MOST_TAGS: usize = 64;

/// What a client sends, under the name that it says.
pub struct Sent {
    digest: Digest,
    /// One of the path, or those of the query.
    tags: Vec<String>,
    /// Of the query.
    asked: Vec<String>,
    manifest: Manifest,
}

impl Sent {
    /// Refuses what goes with no repository: nothing is made for it.
    pub fn new(reference: Reference, asked: Vec<String>, manifest: Manifest) -> Result<Self> {
        let algorithm = match &reference {
            Reference::Digest(digest) => digest.algorithm(),
            Reference::Tag(_) => Algorithm::Sha256,
        };
        let digest = Digest::of(algorithm, &manifest.content);
        let tags = match reference {
            Reference::Digest(wanted) if wanted != digest => {
                return Err(Refusal::digest_invalid(format!("what came has the digest {digest}")));
            }
            Reference::Tag(_) if !asked.is_empty() => {
                let message = "further tags go with a manifest sent by its digest";
                return Err(Refusal::manifest_invalid(message));
            }
            Reference::Digest(_) => asked.clone(),
            Reference::Tag(tag) => vec![tag],
        };
        Ok(Self { digest, tags, asked, manifest })
    }
}

pub struct Done {
    pub digest: Digest,
    pub subject: Option<String>,
    /// Tags of the query, which now name it.
    pub tags: Vec<String>,
}

/// The tags of a query such as `tag=a&tag=b`.
pub fn tags_of(query: &str) -> Result<Vec<String>> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let tags: BTreeSet<String> = pairs.filter(|(k, _)| k == "tag").map(|(_, v)| v.into_owned()).collect();
    if tags.len() > MOST_TAGS {
        let message = format!("at most {MOST_TAGS} tags at once");
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, "UNSUPPORTED", message));
    }
    match tags.iter().find(|tag| !is_tag(tag)) {
        Some(tag) => Err(Refusal::manifest_invalid(format!("`{tag}` is no tag"))),
        None => Ok(tags.into_iter().collect()),
    }
}

pub async fn put(state: &State, repository: &Repository, sent: Sent) -> Result<Done> {
    let Sent { digest, tags: names, asked, manifest } = sent;
    // The turn ends with this.
    let Manifest { content, media_type, document, turn: _turn } = manifest;
    for tag in &names {
        if tags::is_computed(state, repository, tag).await? {
            let message = format!("`{tag}` follows the published releases of this repository");
            return Err(Refusal::denied(message));
        }
    }
    check_there(&*state.db, repository.filter.id, &document).await?;
    let subject = document.subject.as_ref().map(|s| s.digest.clone());
    let manifest = NewManifest { digest: digest.clone(), media_type, content, document };
    let done = Done { digest, subject, tags: asked };
    if release::make(state, repository, &manifest, &names).await? {
        return Ok(done);
    }
    let who = repository.who()?;
    if !who.scopes.has_any(Action::Delete.scopes()) {
        return Err(Refusal::denied(
            "a token for uploads of releases pushes nothing else: this needs `filters:write`",
        ));
    }
    retrying(|| write(state, repository, &manifest, &names)).await?;
    Ok(done)
}

/// Every blob that the manifest names is in the repository as it says, but for layers that never are. Children
/// of an index may come later, or never: an index may name more than a registry has.
pub async fn check_there<C: ConnectionTrait>(db: &C, filter: Uuid, document: &Document) -> Result<()> {
    let named = document.config.iter().chain(&document.layers).filter(|d| !d.is_foreign());
    let needed: BTreeSet<(&str, u64)> = named.map(|d| (d.digest.as_str(), d.size)).collect();
    let all: Vec<&str> = needed.iter().map(|(digest, _)| *digest).collect();
    let mut there: BTreeMap<String, u64> = BTreeMap::new();
    for some in all.chunks(500) {
        let found: Vec<(String, i64)> = registry_blob::Entity::find()
            .select_only()
            .columns([registry_blob::Column::Digest, registry_blob::Column::Size])
            .filter(registry_blob::Column::FilterId.eq(filter))
            .filter(registry_blob::Column::Digest.is_in(some.iter().copied()))
            .into_tuple()
            .all(db)
            .await?;
        there.extend(
            found.into_iter().map(|(digest, size)| (digest, u64::try_from(size).unwrap_or_default())),
        );
    }
    for (digest, size) in needed {
        match there.get(digest) {
            Some(real) if *real == size => {}
            Some(real) => {
                let message = format!("the manifest says that {digest} has {size} bytes; it has {real}");
                return Err(Refusal::manifest_invalid(message));
            }
            None => return Err(absent(digest)),
        }
    }
    Ok(())
}

fn absent(digest: &str) -> Refusal {
    let message = format!("the manifest names {digest}, which is not in this repository: push it first");
    let refusal = Refusal::new(StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN", message);
    refusal.with(serde_json::json!({"digest": digest}))
}

/// Plain content: stored and named, in the catalog never.
async fn write(
    state: &State,
    repository: &Repository,
    manifest: &NewManifest,
    names: &[String],
) -> Result<()> {
    let who = repository.who()?;
    let filter = repository.filter.id;
    let txn = state.db.begin_write().await?;
    // Releases take this lock, too: none comes to be under these tags meanwhile.
    relock_filter(&*txn, &repository.filter).await?;
    repository.writes_still(state, &txn).await?;
    // Nor does any of its blobs go.
    check_there(&*txn, filter, &manifest.document).await?;
    for tag in names {
        if tags::release_of(&txn, filter, tag).await?.is_some()
            && !names_it(&*txn, repository, tag, manifest).await?
        {
            return Err(taken(tag));
        }
    }
    let id = forms::insert(state, &txn, filter, who.id, manifest).await?;
    for tag in names {
        tags::put(state, &txn, filter, (repository.name.wasm, tag), id).await?;
    }
    blobs::record(state, &txn, who, "manifest.push", repository, manifest.digest.as_str()).await?;
    txn.commit().await?;
    state.registry.forget();
    Ok(())
}

pub fn taken(tag: &str) -> Refusal {
    let version = version_of(tag).map(|v| v.to_string()).unwrap_or_default();
    let message =
        format!("`{tag}` names release {version}, and a release never changes: push under a new version");
    Refusal::denied(message)
}

/// Whether the tag names exactly this manifest already.
pub async fn names_it<C: ConnectionTrait>(
    db: &C,
    repository: &Repository,
    tag: &str,
    manifest: &NewManifest,
) -> Result<bool> {
    let key = (repository.filter.id, repository.name.wasm, tag.to_owned());
    let Some(row) = registry_tag::Entity::find_by_id(key).one(db).await? else { return Ok(false) };
    let digest: Option<String> = registry_manifest::Entity::find_by_id(row.manifest_id)
        .select_only()
        .column(registry_manifest::Column::Digest)
        .into_tuple()
        .one(db)
        .await?;
    Ok(digest.is_some_and(|digest| digest == manifest.digest.as_str()))
}

/// For uploads: the target that a repository is.
pub fn target(repository: &Repository) -> crate::auth::UploadTarget {
    crate::auth::UploadTarget::Existing(Box::new(crate::auth::FilterAccess {
        caller: repository.caller.clone(),
        namespace: repository.namespace.clone(),
        filter: repository.filter.clone(),
        relation: repository.relation,
    }))
}
