//! Sending module bytes: found by digest, re-hashed on the way out of the store. A reader of an
//! object that has rotted gets an error or a broken connection, never wrong bytes in full.
use super::store;
use crate::{
    counts::{Of, Tally},
    error::{Error, Kind, Result},
    http::{
        conditional::{self, Wanted},
        middleware::HeadOnly,
        problem,
    },
    state::State,
};
use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    body::SizedStream,
    http::{StatusCode, header},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use sea_orm::EntityTrait;
use std::ops::Range;
use tamis_blobs::{BlobError, BlobKey};
use tamis_entities::{
    module,
    value::{ModuleState, Sha256},
};

pub struct Delivery<'a> {
    pub sha256: &'a Sha256,
    pub size: u64,
    /// Of the stored object, if the caller knows it; else it is looked up.
    pub generation: Option<i64>,
    /// Anyone may have these bytes, so any cache may keep them.
    pub public: bool,
    /// Whose download it is.
    pub counted: Of,
    /// The name to save under, for people; none for proxies.
    pub filename: Option<String>,
}

/// As much as one connection holds of a module that is in memory.
const PIECE: u64 = 32 * 1024;

/// Each is one GET of the store.
async fn fetch(state: &State, key: &BlobKey) -> Result<tamis_blobs::Blob, BlobError> {
    metrics::counter!("tamis_module_fetches_total").increment(1);
    state.blobs.open(key).await
}

/// The generation of the object that has the bytes now.
async fn live(state: &State, sha256: &Sha256) -> Result<Option<i64>> {
    let row = module::Entity::find_by_id(sha256.clone()).one(&*state.db).await?;
    Ok(row.filter(|m| m.state == ModuleState::Live).map(|m| m.generation))
}

async fn open(state: &State, sha256: &Sha256) -> Result<tamis_blobs::Blob> {
    let mut tried = None;
    loop {
        let generation = live(state, sha256).await?.ok_or_else(Error::not_found)?;
        if tried == Some(generation) {
            return Err(damaged(sha256, &BlobError::NotFound));
        }
        tried = Some(generation);
        match fetch(state, &store::key(sha256, generation)?).await {
            // Perhaps it was replaced since the row was read; if not, the row says so again.
            Err(BlobError::NotFound) => {}
            opened => return Ok(opened?),
        }
    }
}

fn damaged(sha256: &Sha256, error: &BlobError) -> Error {
    tracing::error!(module.sha256 = sha256.hex(), %error, "a stored module cannot be delivered");
    Error::new(
        Kind::Internal,
        "module-damaged",
        "the stored bytes of this module are missing or damaged; `tamis fsck` tells the operator which, and uploading the same bytes again repairs it",
    )
}

/// Reads a whole object against its digest; its size.
pub async fn rehash(state: &State, row: &module::Model) -> Result<u64, BlobError> {
    let blob = state.blobs.open(&store::key(&row.sha256, row.generation)?).await?;
    let size = u64::try_from(row.size).unwrap_or_default();
    if blob.size != size {
        let detail = format!("{} bytes instead of {size}", blob.size);
        return Err(BlobError::Corrupt { sha256: row.sha256.hex().to_owned(), detail });
    }
    let mut stream = tamis_blobs::verified(blob, row.sha256.bytes(), 0..size);
    while let Some(chunk) = stream.next().await {
        chunk?;
    }
    Ok(size)
}

fn unsatisfiable(size: u64) -> Result<HttpResponse> {
    let status = StatusCode::RANGE_NOT_SATISFIABLE;
    let detail = format!("the module has {size} bytes; ask for a range within them");
    let mut reply = problem::respond(status, "range-not-satisfiable", "Range not satisfiable", &detail);
    let all = header::HeaderValue::from_str(&format!("bytes */{size}"));
    reply.headers_mut().insert(header::CONTENT_RANGE, all.map_err(|e| Error::internal(e.to_string()))?);
    Ok(reply)
}

pub async fn send(state: &State, request: &HttpRequest, delivery: Delivery<'_>) -> Result<HttpResponse> {
    let etag = format!("\"{}\"", delivery.sha256.digest());
    let mut reply = HttpResponse::Ok();
    reply.insert_header((header::ETAG, etag.clone()));
    reply.insert_header((header::ACCEPT_RANGES, "bytes"));
    let caching = if delivery.public { "public, max-age=3600, immutable" } else { "private, no-store" };
    reply.insert_header((header::CACHE_CONTROL, caching));
    // The digest is over these very bytes: no coding on the way.
    reply.insert_header((header::CONTENT_ENCODING, "identity"));
    if conditional::is_unchanged(request, &etag) {
        return Ok(reply.status(StatusCode::NOT_MODIFIED).finish());
    }
    reply.content_type("application/wasm");
    if let Some(name) = &delivery.filename {
        reply.insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    }
    let range = match conditional::wanted(request, delivery.size, &etag) {
        Wanted::All => 0..delivery.size,
        Wanted::Part(range) => {
            let text = format!("bytes {}-{}/{}", range.start, range.end - 1, delivery.size);
            reply.status(StatusCode::PARTIAL_CONTENT).insert_header((header::CONTENT_RANGE, text));
            range
        }
        Wanted::Unsatisfiable => {
            return unsatisfiable(delivery.size);
        }
    };
    let length = range.end - range.start;
    if request.extensions().get::<HeadOnly>().is_some() {
        return Ok(reply.body(SizedStream::new(length, futures_util::stream::empty::<Result<Bytes>>())));
    }
    // A range from further on continues a download that was counted.
    let counted = if range.start == 0 { length } else { 0 };
    let mut tally = Tally::new(state, delivery.counted, delivery.public, counted);
    let bytes = stream(state, delivery.sha256, delivery.size, delivery.generation, range).await?;
    Ok(reply.body(SizedStream::new(length, bytes.inspect_ok(move |piece| tally.sent(piece.len())))))
}

/// Bytes of the store, checked: from memory where there is room.
pub async fn stream(
    state: &State,
    sha256: &Sha256,
    size: u64,
    generation: Option<i64>,
    range: Range<u64>,
) -> Result<BoxStream<'static, Result<Bytes>>> {
    let generation = match generation {
        None => live(state, sha256).await?,
        known => known,
    };
    match hot(state, sha256, size, generation).await {
        Ok(Some(bytes)) => return Ok(pieces(bytes, range).boxed()),
        // Too much for the memory, or replaced since the row was read: `open` looks again.
        Ok(None) | Err(BlobError::NotFound) => {}
        Err(error) => return Err(damaged(sha256, &error)),
    }
    stream_once(state, sha256, range).await
}

/// The same past the memory: for work of our own, which reads each object once and would push out what
/// proxies read over and over.
pub async fn stream_once(
    state: &State,
    sha256: &Sha256,
    range: Range<u64>,
) -> Result<BoxStream<'static, Result<Bytes>>> {
    let blob = open(state, sha256).await?;
    let (digest, sha256) = (sha256.bytes(), sha256.clone());
    let bytes = tamis_blobs::verified(blob, digest, range).map_err(move |error| {
        tracing::error!(module.sha256 = sha256.hex(), %error, "a stored module cannot be delivered");
        Error::from(error)
    });
    Ok(bytes.boxed())
}

async fn hot(
    state: &State,
    sha256: &Sha256,
    size: u64,
    generation: Option<i64>,
) -> Result<Option<Bytes>, BlobError> {
    let Some(generation) = generation else { return Ok(None) };
    let key = store::key(sha256, generation)?;
    let load = || async { collect(fetch(state, &key).await?, sha256).await };
    state.hot.get(&key, size, load).await
}

/// In pieces, since the server copies each into the buffer of its connection.
fn pieces(bytes: Bytes, range: Range<u64>) -> impl Stream<Item = Result<Bytes>> {
    let starts = range.clone().step_by(PIECE as usize);
    futures_util::stream::iter(starts.map(move |start| {
        let end = range.end.min(start + PIECE);
        Ok(bytes.slice(start as usize..end as usize))
    }))
}

async fn collect(blob: tamis_blobs::Blob, sha256: &Sha256) -> Result<Vec<u8>, BlobError> {
    let size = blob.size;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    let mut stream = tamis_blobs::verified(blob, sha256.bytes(), 0..size);
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}

/// Runs work on a whole module, in memory and checked. As many at once as verify; those whose
/// client has gone still count until their bytes are dropped.
pub async fn examine<T: Send + 'static>(
    state: &State,
    sha256: &Sha256,
    work: impl FnOnce(&[u8]) -> T + Send + 'static,
) -> Result<T> {
    let turn = state.readings.clone().acquire_owned().await.map_err(|e| Error::internal(e.to_string()))?;
    let bytes = collect(open(state, sha256).await?, sha256).await?;
    let work = move || {
        let done = work(&bytes);
        drop((bytes, turn));
        done
    };
    state.verifiers.run(work).await
}
