//! Blobs of a repository: each is there only where it was pushed or mounted, whoever else has the same
//! bytes. Knows nothing of how they arrive.
use super::{
    access::{self, Repository},
    name::{Digest, Name},
    opening::Open,
    refusal::{Refusal, Result},
    token::Action,
};
use crate::{
    audit::{self, Actor},
    auth::{Identity, access::relock_filter},
    db::WriteTxn,
    http::{
        conditional::{self, Wanted},
        middleware::HeadOnly,
    },
    modules::{deliver, store},
    state::State,
};
use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    body::SizedStream,
    http::{StatusCode, header},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::OnConflict,
};
use serde_json::json;
use tamis_entities::{
    filter, module, registry_blob, registry_link, release_form,
    value::{ModuleState, Sha256},
};
use uuid::Uuid;

pub const DIGEST_HEADER: header::HeaderName = header::HeaderName::from_static("docker-content-digest");

async fn row(state: &State, filter: Uuid, digest: &Digest) -> Result<Option<registry_blob::Model>> {
    let key = (filter, digest.as_str().to_owned());
    Ok(registry_blob::Entity::find_by_id(key).one(&*state.db).await?)
}

/// The blob, if the caller may have it.
async fn find(
    state: &State,
    repository: &Repository,
    digest: &Digest,
) -> Result<Option<(registry_blob::Model, Open)>> {
    let Some(blob) = row(state, repository.filter.id, digest).await? else { return Ok(None) };
    Ok(repository.opens_blob(state, digest).await?.map(|opened| (blob, opened.how)))
}

pub fn caching(open: Open) -> &'static str {
    match open {
        Open::Public => "public, max-age=3600, immutable",
        Open::Private => "private, no-store",
    }
}

/// A blob that the caller may have.
pub struct Sendable {
    pub open: Open,
    sha256: Sha256,
    size: u64,
    generation: i64,
}

pub async fn readable(state: &State, repository: &Repository, digest: &Digest) -> Result<Sendable> {
    let (blob, open) = find(state, repository, digest).await?.ok_or_else(Refusal::blob_unknown)?;
    let object = module::Entity::find_by_id(blob.sha256.clone()).one(&*state.db).await?;
    let object = object.filter(|m| m.state == ModuleState::Live).ok_or_else(Refusal::blob_unknown)?;
    let size = u64::try_from(blob.size).unwrap_or_default();
    Ok(Sendable { open, sha256: blob.sha256, size, generation: object.generation })
}

/// The bytes, or a range of them.
pub async fn send(
    state: &State,
    request: &HttpRequest,
    digest: &Digest,
    blob: &Sendable,
) -> Result<HttpResponse> {
    let size = blob.size;
    let etag = format!("\"{digest}\"");
    let mut reply = HttpResponse::Ok();
    reply.insert_header((DIGEST_HEADER, digest.as_str()));
    reply.insert_header((header::ETAG, etag.clone()));
    reply.insert_header((header::ACCEPT_RANGES, "bytes"));
    reply.insert_header((header::CACHE_CONTROL, caching(blob.open)));
    reply.insert_header((header::VARY, "Authorization"));
    // The digest is over these very bytes: no coding on the way.
    reply.insert_header((header::CONTENT_ENCODING, "identity"));
    if conditional::is_unchanged(request, &etag) {
        return Ok(reply.status(StatusCode::NOT_MODIFIED).finish());
    }
    reply.content_type("application/octet-stream");
    let head = request.extensions().get::<HeadOnly>().is_some();
    // Only GET knows ranges (RFC 9110, 14.2).
    let wanted = if head { Wanted::All } else { conditional::wanted(request, size, &etag) };
    let range = match wanted {
        Wanted::All => 0..size,
        Wanted::Part(range) => {
            let text = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            reply.status(StatusCode::PARTIAL_CONTENT).insert_header((header::CONTENT_RANGE, text));
            range
        }
        Wanted::Unsatisfiable => {
            let message = format!("the blob has {size} bytes; ask for a range within them");
            let refusal = Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, "SIZE_INVALID", message);
            return Err(refusal.header(header::CONTENT_RANGE, format!("bytes */{size}")));
        }
    };
    let length = range.end - range.start;
    if head {
        let nothing = futures_util::stream::empty::<crate::error::Result<bytes::Bytes>>();
        return Ok(reply.body(SizedStream::new(length, nothing)));
    }
    let bytes = deliver::stream(state, &blob.sha256, size, Some(blob.generation), range).await?;
    Ok(reply.body(SizedStream::new(length, bytes)))
}

/// Gives a repository a blob whose bytes a live row names already; false when it does not any more.
pub async fn name(
    state: &State,
    txn: &WriteTxn<'_>,
    filter: Uuid,
    digest: &Digest,
    sha256: &Sha256,
    size: u64,
) -> Result<bool, crate::error::Error> {
    if !store::touch(state, txn, sha256, None).await? {
        return Ok(false);
    }
    let row = registry_blob::ActiveModel {
        filter_id: Set(filter),
        digest: Set(digest.as_str().to_owned()),
        sha256: Set(sha256.clone()),
        size: Set(i64::try_from(size).unwrap_or(i64::MAX)),
        created_at: Set(state.clock.now()),
    };
    use registry_blob::Column;
    let again = OnConflict::columns([Column::FilterId, Column::Digest])
        .update_columns([Column::Sha256, Column::Size])
        .to_owned();
    registry_blob::Entity::insert(row).on_conflict(again).exec_without_returning(&**txn).await?;
    Ok(true)
}

/// Where a blob is brought from.
pub enum Source {
    /// A repository that the caller may read. That the token is one for it, too, was seen to at the door.
    Named(String),
    /// Wherever in their own namespaces it is: for who comes with all that they may, not with a token for some repositories.
    Anywhere,
}

/// Brings a blob from another repository. False: it must be uploaded.
pub async fn mount(
    state: &State,
    repository: &Repository,
    digest: &Digest,
    from: Option<Source>,
) -> Result<bool> {
    let blob = match from {
        Some(Source::Named(from)) => from_named(state, repository, digest, &from).await?,
        Some(Source::Anywhere) => from_anywhere(state, repository, digest).await?,
        None => None,
    };
    let Some(blob) = blob else { return Ok(false) };
    let txn = state.db.begin_write().await?;
    repository.writes_still(state, &txn).await?;
    let size = u64::try_from(blob.size).unwrap_or_default();
    if !name(state, &txn, repository.filter.id, digest, &blob.sha256, size).await? {
        return Ok(false);
    }
    txn.commit().await?;
    Ok(true)
}

async fn from_named(
    state: &State,
    repository: &Repository,
    digest: &Digest,
    from: &str,
) -> Result<Option<registry_blob::Model>> {
    let Ok(name) = from.parse::<Name>() else { return Ok(None) };
    if !repository.who()?.scopes.has_any(Action::Pull.scopes()) {
        return Ok(None);
    }
    let Some(source) = access::look(state, &repository.caller, &name).await? else { return Ok(None) };
    // Quarantined or not theirs: to a mount it is as if it were not there.
    match find(state, &source, digest).await {
        Ok(found) => Ok(found.map(|(blob, _)| blob)),
        Err(refusal) if refusal.status() == StatusCode::FORBIDDEN => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// Repositories looked at for a mount that names none.
const MOST_SOURCES: u64 = 20;

async fn from_anywhere(
    state: &State,
    repository: &Repository,
    digest: &Digest,
) -> Result<Option<registry_blob::Model>> {
    let who = repository.who()?;
    if !who.scopes.has_any(Action::Pull.scopes()) {
        return Ok(None);
    }
    let holding = registry_blob::Entity::find()
        .select_only()
        .column(registry_blob::Column::FilterId)
        .filter(registry_blob::Column::Digest.eq(digest.as_str()));
    let own = filter::Entity::find()
        .filter(filter::Column::NamespaceId.is_in(who.namespaces()))
        .filter(Condition::all().add_option(who.within()))
        .filter(filter::Column::Id.in_subquery(holding.into_query()))
        .limit(MOST_SOURCES);
    for filter in own.all(&*state.db).await? {
        let namespace = repository.namespace.clone();
        let now = state.clock.now();
        let relation = crate::auth::access::Relation::of(&*state.db, who, &filter, now).await?;
        let (caller, name) = (repository.caller.clone(), repository.name.clone());
        let source = Repository { caller, name, namespace, filter, relation };
        if let Ok(Some((blob, _))) = find(state, &source, digest).await {
            return Ok(Some(blob));
        }
    }
    Ok(None)
}

/// Takes the blob out of the repository at once; its bytes stay for whoever else has them.
pub async fn delete(state: &State, repository: &Repository, digest: &Digest) -> Result<()> {
    let blob = row(state, repository.filter.id, digest).await?.ok_or_else(Refusal::blob_unknown)?;
    let txn = state.db.begin_write().await?;
    // Releases and manifests take this lock, too: none comes to name it meanwhile.
    relock_filter(&*txn, &repository.filter).await?;
    repository.writes_still(state, &txn).await?;
    let naming = registry_link::Entity::find()
        .select_only()
        .column(registry_link::Column::ManifestId)
        .filter(registry_link::Column::Digest.eq(digest.as_str()))
        .into_query();
    let forms = release_form::Entity::find().filter(release_form::Column::ManifestId.in_subquery(naming));
    let releases = forms.select_only().column(release_form::Column::ReleaseId).into_query();
    let held = tamis_entities::release::Entity::find()
        .filter(tamis_entities::release::Column::FilterId.eq(repository.filter.id))
        .filter(tamis_entities::release::Column::Id.in_subquery(releases));
    if held.one(&*txn).await?.is_some() {
        return Err(Refusal::unsupported("a release holds this blob; what a release is made of stays"));
    }
    // The grace of its bytes runs from here.
    store::touch(state, &txn, &blob.sha256, None).await?;
    let key = (repository.filter.id, digest.as_str().to_owned());
    registry_blob::Entity::delete_by_id(key).exec(&*txn).await?;
    record(state, &txn, repository.who()?, "blob.delete", repository, digest.as_str()).await?;
    txn.commit().await?;
    state.registry.forget();
    Ok(())
}

/// The line in the audit log.
pub async fn record(
    state: &State,
    txn: &WriteTxn<'_>,
    who: &Identity,
    action: &str,
    repository: &Repository,
    what: &str,
) -> Result<()> {
    let object = format!("repository:{}", repository.path());
    let detail = json!({"reference": what});
    Ok(audit::record(&**txn, &state.clock, &Actor::from(who), action, object, detail).await?)
}
