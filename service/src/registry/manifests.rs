//! Manifests of a repository: found by digest or tag, sent as they came, removed unless a release is
//! made of them. Knows nothing of how they are pushed.
use super::{
    access::Repository,
    blobs::{self, DIGEST_HEADER},
    name::Reference,
    opening::{self, Found, Open, Opened},
    refusal::{Refusal, Result},
    tags,
};
use crate::{
    auth::access::relock_filter,
    http::{conditional, middleware::HeadOnly},
    state::State,
};
use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use bytes::Bytes;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use tamis_entities::{registry_manifest, registry_tag, release_form, value::CountKind};
use uuid::Uuid;

pub async fn by_digest(
    state: &State,
    filter: Uuid,
    digest: &str,
) -> Result<Option<registry_manifest::Model>> {
    let here = registry_manifest::Entity::find().filter(registry_manifest::Column::FilterId.eq(filter));
    Ok(here.filter(registry_manifest::Column::Digest.eq(digest)).one(&*state.db).await?)
}

impl From<&registry_manifest::Model> for Found {
    fn from(m: &registry_manifest::Model) -> Self {
        Self { id: m.id, digest: m.digest.clone(), subject: m.subject.clone() }
    }
}

/// A manifest that the caller may have.
pub struct Sendable {
    pub digest: String,
    pub media_type: String,
    pub content: Bytes,
    pub opened: Opened,
}

pub async fn find(state: &State, repository: &Repository, reference: &Reference) -> Result<Sendable> {
    let found = match reference {
        Reference::Digest(digest) => by_digest(state, repository.filter.id, digest.as_str()).await?,
        Reference::Tag(tag) => tags::resolve(state, repository, tag).await?,
    };
    let manifest = found.ok_or_else(Refusal::manifest_unknown)?;
    let opened = repository.opens(state, &Found::from(&manifest)).await?;
    let opened = opened.ok_or_else(Refusal::manifest_unknown)?;
    // To others only releases have names: what refers to one is found by its digest.
    if matches!(reference, Reference::Tag(_)) && !repository.is_insider() && opened.release.is_none() {
        return Err(Refusal::manifest_unknown());
    }
    let (digest, media_type, content) = (manifest.digest, manifest.media_type, manifest.content.into());
    Ok(Sendable { digest, media_type, content, opened })
}

/// The manifest, as it was pushed. `lasting`: it was asked for by its digest; what a tag names may change.
pub fn send(state: &State, request: &HttpRequest, manifest: &Sendable, lasting: bool) -> HttpResponse {
    let etag = format!("\"{}\"", manifest.digest);
    let mut reply = HttpResponse::Ok();
    reply.insert_header((DIGEST_HEADER, manifest.digest.as_str()));
    reply.insert_header((header::ETAG, etag.clone()));
    reply.insert_header((header::VARY, "Authorization"));
    reply.insert_header((header::CONTENT_ENCODING, "identity"));
    let open = manifest.opened.how;
    let caching = match (lasting, open) {
        (false, Open::Public) => "no-cache",
        _ => blobs::caching(open),
    };
    reply.insert_header((header::CACHE_CONTROL, caching));
    if conditional::is_unchanged(request, &etag) {
        return reply.status(StatusCode::NOT_MODIFIED).finish();
    }
    if let Some(release) = manifest.opened.release
        && request.extensions().get::<HeadOnly>().is_none()
    {
        let of = crate::counts::Of::Release(release);
        state.counts.add(of, CountKind::Pull, open == Open::Public, state.clock.now());
    }
    reply.content_type(manifest.media_type.as_str()).body(manifest.content.clone())
}

/// By tag only the tag; by digest the manifest and every tag that names it.
pub async fn delete(state: &State, repository: &Repository, reference: &Reference) -> Result<()> {
    match reference {
        Reference::Tag(tag) => untag(state, repository, tag).await,
        Reference::Digest(digest) => remove(state, repository, digest.as_str()).await,
    }
}

fn of_release() -> Refusal {
    Refusal::unsupported(
        "it belongs to a release: a draft is deleted through its release, a published one stays",
    )
}

async fn untag(state: &State, repository: &Repository, tag: &str) -> Result<()> {
    if tags::is_computed(state, repository, tag).await? {
        return Err(Refusal::unsupported("this tag follows the published releases"));
    }
    let key = (repository.filter.id, repository.name.wasm, tag.to_owned());
    let txn = state.db.begin_write().await?;
    // Releases take this lock, too: none is made of it meanwhile.
    relock_filter(&*txn, &repository.filter).await?;
    repository.writes_still(state, &txn).await?;
    let row = registry_tag::Entity::find_by_id(key.clone()).one(&*txn).await?;
    row.ok_or_else(Refusal::manifest_unknown)?;
    if tags::is_of_release(&txn, repository, tag).await? {
        return Err(of_release());
    }
    registry_tag::Entity::delete_by_id(key).exec(&*txn).await?;
    blobs::record(state, &txn, repository.who()?, "tag.delete", repository, tag).await?;
    txn.commit().await?;
    state.registry.forget();
    Ok(())
}

async fn remove(state: &State, repository: &Repository, digest: &str) -> Result<()> {
    let found = opening::find(state, repository.filter.id, digest).await?;
    let found = found.ok_or_else(Refusal::manifest_unknown)?;
    let txn = state.db.begin_write().await?;
    relock_filter(&*txn, &repository.filter).await?;
    repository.writes_still(state, &txn).await?;
    let forms = release_form::Entity::find().filter(release_form::Column::ManifestId.eq(found.id));
    if forms.count(&*txn).await? > 0 {
        return Err(of_release());
    }
    let gone = registry_manifest::Entity::delete_by_id(found.id).exec(&*txn).await?;
    if gone.rows_affected == 0 {
        return Err(Refusal::manifest_unknown());
    }
    blobs::record(state, &txn, repository.who()?, "manifest.delete", repository, digest).await?;
    txn.commit().await?;
    state.registry.forget();
    Ok(())
}
