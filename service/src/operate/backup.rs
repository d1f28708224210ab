//! Saving and restoring the embedded default: the database by SQLite's own `VACUUM INTO`,
//! which sees one moment; then every object that this copy names, re-hashed on the way.
use crate::{
    config::StoreArgs,
    db::Db,
    error::{Error, Result},
    jobs::lease,
    modules::{gc, store},
    state::State,
};
use futures_util::StreamExt;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect};
use std::{path::Path, time::Duration};
use tamis_blobs::{BlobError, BlobStore, LocalStore};
use tamis_entities::{module, value::ModuleState};
use tokio::io::AsyncWriteExt;

const BATCH: u64 = 200;
/// Renewed while the backup runs; a killed one lets the collector go on after this.
const PAUSE: Duration = Duration::from_secs(120);

#[derive(Debug, Default)]
pub struct Copied {
    pub modules: u64,
    pub bytes: u64,
    /// Objects that are not there or not what they should be: all else was copied.
    pub damaged: Vec<String>,
}

fn must_be_new(directory: &Path) -> Result<()> {
    let occupied = directory.exists() && std::fs::read_dir(directory)?.next().is_some();
    if occupied {
        let detail = format!("{} is not empty; nothing was written", directory.display());
        return Err(Error::conflict("not-empty", detail));
    }
    Ok(std::fs::create_dir_all(directory)?)
}

pub async fn backup(state: &State, to: &Path) -> Result<Copied> {
    if !state.db.is_sqlite() {
        return Err(Error::invalid(
            "--database-url",
            "this saves the embedded default; for PostgreSQL use pg_dump, then copy the bucket",
        ));
    }
    must_be_new(to)?;
    // Nothing is condemned while we copy: no object that the copy names may go.
    if !lease::hold(state, gc::PAUSED, PAUSE).await? {
        return Err(Error::unavailable("another backup is being made; try again when it is done"));
    }
    let copied = tokio::select! {
        copied = copy_all(state, to) => copied,
        error = keep_paused(state) => Err(error),
    };
    lease::end(state, gc::PAUSED).await?;
    copied
}

async fn copy_all(state: &State, to: &Path) -> Result<Copied> {
    let file = to.join("tamis.db");
    let target = file.display().to_string().replace('\'', "''");
    state.db.execute_unprepared(&format!("VACUUM INTO '{target}'")).await?;
    let copy = Db::connect(&format!("sqlite://{}", file.display()), 2).await?;
    let blobs = LocalStore::open(&to.join("blobs")).await?;
    let copied = copy_modules(&copy, state.blobs.as_ref(), &blobs, to).await?;
    copy.close().await?;
    Ok(copied)
}

/// Renews the pause until it cannot be renewed any more.
async fn keep_paused(state: &State) -> Error {
    loop {
        tokio::time::sleep(PAUSE / 4).await;
        match lease::hold(state, gc::PAUSED, PAUSE).await {
            Ok(true) => {}
            Ok(false) => return Error::unavailable("the collector ran while the backup was being made"),
            Err(error) => return error,
        }
    }
}

pub async fn restore(store: &StoreArgs, from: &Path) -> Result<Copied> {
    if store.database_url.is_some() {
        return Err(Error::invalid(
            "--database-url",
            "a backup is restored into the embedded default; leave it out",
        ));
    }
    let database = from.join("tamis.db");
    if !database.is_file() {
        return Err(Error::invalid("FROM", format!("{} has no tamis.db; is it a backup?", from.display())));
    }
    must_be_new(&store.data_dir)?;
    // Objects before the rows that name them.
    let source = LocalStore::open(&from.join("blobs")).await?;
    let target = tamis_blobs::connect(&store.blobs()?).await?;
    let saved = Db::connect(&format!("sqlite://{}?mode=ro&immutable=true", database.display()), 2).await;
    let saved = match saved {
        Ok(saved) => saved,
        Err(error) => return Err(Error::invalid("FROM", error.to_string())),
    };
    let copied = copy_modules(&saved, &source, target.as_ref(), &store.data_dir).await?;
    saved.close().await?;
    let temporary = store.data_dir.join("tamis.db.restoring");
    tokio::fs::copy(&database, &temporary).await?;
    tokio::fs::File::open(&temporary).await?.sync_all().await?;
    tokio::fs::rename(&temporary, store.data_dir.join("tamis.db")).await?;
    Ok(copied)
}

/// Copies every object that the database names, through a checked temporary file.
async fn copy_modules(rows: &Db, from: &dyn BlobStore, to: &dyn BlobStore, scratch: &Path) -> Result<Copied> {
    let mut copied = Copied::default();
    let mut after = String::new();
    loop {
        let batch = module::Entity::find()
            .filter(module::Column::Sha256.gt(after.as_str()))
            .filter(module::Column::State.eq(ModuleState::Live))
            .order_by(module::Column::Sha256, Order::Asc)
            .limit(BATCH)
            .all(&**rows)
            .await?;
        let Some(last) = batch.last() else { return Ok(copied) };
        after = last.sha256.hex().to_owned();
        for row in batch {
            match copy_one(&row, from, to, scratch).await? {
                Ok(bytes) => {
                    copied.bytes += bytes;
                    copied.modules += 1;
                }
                Err(damage) => copied.damaged.push(damage),
            }
        }
    }
}

/// Its size, or what is wrong with it. One bad object is no reason to save nothing of the others.
async fn copy_one(
    row: &module::Model,
    from: &dyn BlobStore,
    to: &dyn BlobStore,
    scratch: &Path,
) -> Result<std::result::Result<u64, String>> {
    let key = store::key(&row.sha256, row.generation)?;
    let judged = |error: BlobError| match error {
        BlobError::NotFound | BlobError::Corrupt { .. } => Ok(Err(format!("{}: {error}", key.as_str()))),
        _ => Err(Error::internal(format!("{}: {error}", key.as_str()))),
    };
    let blob = match from.open(&key).await {
        Ok(blob) => blob,
        Err(error) => return judged(error),
    };
    let size = blob.size;
    let path = scratch.join(".copying");
    let mut file = tokio::fs::File::create(&path).await?;
    let mut stream = tamis_blobs::verified(blob, row.sha256.bytes(), 0..size);
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) => file.write_all(&chunk).await?,
            Err(error) => {
                tokio::fs::remove_file(&path).await?;
                return judged(error);
            }
        }
    }
    file.flush().await?;
    to.put_file(&key, &path, size, row.sha256.bytes()).await?;
    tokio::fs::remove_file(&path).await?;
    Ok(Ok(size))
}
