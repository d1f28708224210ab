//! Blobs on their way in: in one request, or in a session of several. Each request's bytes are an
//! object of the store at once, so a session goes on at any replica; it belongs to who began it.
use super::{
    access::Repository,
    blobs,
    name::Digest,
    receiving::{invalid, matches, receive, wrong_digest},
    refusal::{Refusal, Result},
};
use crate::{
    error::Error,
    modules::{
        deliver,
        objects::{self, Named, Stored},
        spool::Spooled,
    },
    state::State,
};
use actix_web::http::{StatusCode, header};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, sea_query::Expr,
};
use std::time::Duration;
use tamis_entities::{registry_part, registry_upload};
use uuid::Uuid;

/// A session that nobody goes on with ends after this.
const IDLE: Duration = Duration::from_secs(24 * 3600);
/// More requests than any client makes for one blob.
const MOST_PARTS: i64 = 10_000;

/// A blob that came in one request.
pub async fn keep(state: &State, repository: &Repository, digest: &Digest, received: &Spooled) -> Result<()> {
    commit(state, repository, digest, received, None).await
}

pub async fn begin(state: &State, repository: &Repository) -> Result<registry_upload::Model> {
    let now = state.clock.now();
    let row = registry_upload::Model {
        id: Uuid::new_v4(),
        filter_id: repository.filter.id,
        user_id: repository.who()?.id,
        received: 0,
        created_at: now,
        used_at: now,
    };
    let txn = state.db.begin_write().await?;
    registry_upload::Entity::insert(row.clone().into_active_model()).exec_without_returning(&*txn).await?;
    txn.commit().await?;
    Ok(row)
}

pub async fn find(state: &State, repository: &Repository, id: &str) -> Result<registry_upload::Model> {
    let id: Uuid = id.parse().map_err(|_| Refusal::upload_unknown())?;
    let row = registry_upload::Entity::find_by_id(id).one(&*state.db).await?;
    let user = repository.who()?.id;
    let own = |u: &registry_upload::Model| u.filter_id == repository.filter.id && u.user_id == user;
    let living = |u: &registry_upload::Model| u.used_at.plus(IDLE) > state.clock.now();
    row.filter(own).filter(living).ok_or_else(Refusal::upload_unknown)
}

/// `0-41`: what has been received, as the protocol writes it.
pub fn progress(upload: &registry_upload::Model) -> String {
    format!("0-{}", upload.received.saturating_sub(1).clamp(0, i64::MAX))
}

fn out_of_order(upload: &registry_upload::Model) -> Refusal {
    let message = format!("the next byte to come is number {}", upload.received);
    Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", message)
        .header(header::RANGE, progress(upload))
}

/// `Content-Range: 0-41`, as this protocol writes it; with a unit and a total, as others do.
pub fn range(request: &actix_web::HttpRequest) -> Result<Option<(i64, i64)>> {
    let Some(value) = request.headers().get(header::CONTENT_RANGE) else { return Ok(None) };
    let wrong = || invalid("Content-Range is `<first byte>-<last byte>`");
    let text = value.to_str().map_err(|_| wrong())?.trim();
    let text = text.strip_prefix("bytes").unwrap_or(text).trim_start_matches([' ', '=']);
    let (start, end) = text.split('/').next().and_then(|t| t.split_once('-')).ok_or_else(wrong)?;
    let number = |text: &str| text.trim().parse::<i64>();
    match (number(start), number(end)) {
        (Ok(start), Ok(end)) if start >= 0 && end >= start - 1 && end < i64::MAX => Ok(Some((start, end))),
        _ => Err(wrong()),
    }
}

/// Adds what comes. `range` is where the sender says that it belongs.
pub async fn append<S, E>(
    state: &State,
    repository: &Repository,
    upload: &registry_upload::Model,
    range: Option<(i64, i64)>,
    body: S,
) -> Result<registry_upload::Model>
where
    S: Stream<Item = std::result::Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    if range.is_some_and(|(start, _)| start != upload.received) {
        return Err(out_of_order(upload));
    }
    check_parts(state, upload).await?;
    let before = u64::try_from(upload.received).unwrap_or_default();
    let received = receive(state, body, before).await?;
    let size = i64::try_from(received.spooled.size).unwrap_or(i64::MAX);
    if let Some((start, end)) = range
        && size != end - start + 1
    {
        let message = format!("Content-Range speaks of {} bytes; {size} came", end - start + 1);
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "SIZE_INVALID", message));
    }
    if size == 0 {
        return Ok(upload.clone());
    }
    for _ in 0..3 {
        let stored = objects::keep(state, &received.spooled).await?;
        match add_part(state, repository, upload, &stored, &received.sha512).await {
            Ok(Some(upload)) => return Ok(upload),
            Ok(None) => objects::end_lease(state, stored.lease()).await,
            Err(refusal) => {
                objects::end_lease(state, stored.lease()).await;
                return Err(refusal);
            }
        }
    }
    Err(Error::unavailable("the bytes kept being collected while they were uploaded").into())
}

/// Before anything is stored: each request makes an object.
async fn check_parts(state: &State, upload: &registry_upload::Model) -> Result<()> {
    let parts = registry_part::Entity::find().filter(registry_part::Column::UploadId.eq(upload.id));
    match upload.received >= MOST_PARTS && parts.count(&*state.db).await? >= MOST_PARTS.unsigned_abs() {
        false => Ok(()),
        true => {
            let message = format!("a blob comes in at most {MOST_PARTS} requests");
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID", message))
        }
    }
}

async fn add_part(
    state: &State,
    repository: &Repository,
    upload: &registry_upload::Model,
    stored: &Stored,
    sha512: &str,
) -> Result<Option<registry_upload::Model>> {
    let size = i64::try_from(stored.size).unwrap_or(i64::MAX);
    let txn = state.db.begin_write().await?;
    repository.writes_still(state, &txn).await?;
    // Two chunks of one session may race: the one that finds another before it is out of order.
    use registry_upload::Column::{Id, Received, UsedAt};
    let moved = registry_upload::Entity::update_many()
        .col_expr(Received, Expr::col(Received).add(size))
        .col_expr(UsedAt, Expr::value(state.clock.now()))
        .filter(Id.eq(upload.id))
        .filter(Received.eq(upload.received))
        .exec(&*txn)
        .await?;
    if moved.rows_affected == 0 {
        return Err(out_of_order(upload));
    }
    if let Named::Lost = stored.name(state, &txn).await? {
        return Ok(None);
    }
    let part = registry_part::ActiveModel {
        upload_id: Set(upload.id),
        start: Set(upload.received),
        size: Set(size),
        sha256: Set(stored.sha256.clone()),
        sha512: Set(sha512.to_owned()),
    };
    registry_part::Entity::insert(part).exec_without_returning(&*txn).await?;
    txn.commit().await?;
    Ok(Some(registry_upload::Model { received: upload.received + size, ..upload.clone() }))
}

/// Makes the blob of what has come; the session is over then, one way or the other.
pub async fn finish(
    state: &State,
    repository: &Repository,
    upload: &registry_upload::Model,
    digest: &Digest,
) -> Result<()> {
    let parts = registry_part::Entity::find()
        .filter(registry_part::Column::UploadId.eq(upload.id))
        .order_by_asc(registry_part::Column::Start)
        .all(&*state.db)
        .await?;
    if parts.iter().map(|p| p.size).sum::<i64>() != upload.received {
        return Err(out_of_order(upload));
    }
    // One request brought it all: the part is the blob.
    if let [part] = parts.as_slice() {
        if !matches(digest, &part.sha256, &part.sha512) {
            cancel(state, upload).await?;
            return Err(wrong_digest(digest));
        }
        let size = u64::try_from(part.size).unwrap_or_default();
        let txn = state.db.begin_write().await?;
        repository.writes_still(state, &txn).await?;
        if !blobs::name(state, &txn, repository.filter.id, digest, &part.sha256, size).await? {
            return Err(Refusal::upload_unknown());
        }
        end(&txn, upload.id).await?;
        txn.commit().await?;
        return Ok(());
    }
    let body = join(state, parts);
    let received = receive(state, body, 0).await?;
    if !received.is(digest) {
        cancel(state, upload).await?;
        return Err(wrong_digest(digest));
    }
    commit(state, repository, digest, &received.spooled, Some(upload.id)).await
}

/// The parts one after the other.
fn join(state: &State, parts: Vec<registry_part::Model>) -> impl Stream<Item = Result<Bytes, Error>> + Unpin {
    let state = state.clone();
    let read = move |part: registry_part::Model| {
        let state = state.clone();
        async move {
            let size = u64::try_from(part.size).unwrap_or_default();
            match deliver::stream_once(&state, &part.sha256, 0..size).await {
                Ok(bytes) => bytes,
                Err(error) => stream::once(async { Err(error) }).boxed(),
            }
        }
    };
    Box::pin(stream::iter(parts).then(read).flatten())
}

async fn commit(
    state: &State,
    repository: &Repository,
    digest: &Digest,
    spooled: &Spooled,
    upload: Option<Uuid>,
) -> Result<()> {
    for _ in 0..3 {
        let stored = objects::keep(state, spooled).await?;
        let named = named(state, repository, digest, &stored, upload).await;
        if !matches!(named, Ok(true)) {
            objects::end_lease(state, stored.lease()).await;
        }
        if named? {
            return Ok(());
        }
    }
    Err(Error::unavailable("the bytes kept being collected while they were uploaded").into())
}

async fn named(
    state: &State,
    repository: &Repository,
    digest: &Digest,
    stored: &Stored,
    upload: Option<Uuid>,
) -> Result<bool> {
    let txn = state.db.begin_write().await?;
    repository.writes_still(state, &txn).await?;
    if let Named::Lost = stored.name(state, &txn).await? {
        return Ok(false);
    }
    let filter = repository.filter.id;
    if !blobs::name(state, &txn, filter, digest, &stored.sha256, stored.size).await? {
        return Ok(false);
    }
    if let Some(upload) = upload {
        end(&txn, upload).await?;
    }
    txn.commit().await?;
    Ok(true)
}

async fn end(txn: &crate::db::WriteTxn<'_>, upload: Uuid) -> Result<(), sea_orm::DbErr> {
    registry_upload::Entity::delete_by_id(upload).exec(&**txn).await.map(drop)
}

pub async fn cancel(state: &State, upload: &registry_upload::Model) -> Result<()> {
    let txn = state.db.begin_write().await?;
    end(&txn, upload.id).await?;
    txn.commit().await?;
    Ok(())
}

/// Sessions that nobody went on with; what they brought is collected with the rest.
pub async fn forget_expired(state: &State) -> Result<(), Error> {
    let txn = state.db.begin_write().await?;
    let idle = registry_upload::Column::UsedAt.lt(state.clock.now().minus(IDLE));
    registry_upload::Entity::delete_many().filter(idle).exec(&*txn).await?;
    txn.commit().await
}
