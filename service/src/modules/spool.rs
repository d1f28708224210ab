//! Receiving: bytes go to a file as they come, hashed on the way; memory stays at one chunk.
use crate::{
    error::{Error, Kind, Result},
    fail_here,
    state::State,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use sha2::Digest;
use std::path::{Path, PathBuf};
use tamis_entities::value::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

const CHUNK: usize = 128 * 1024;

/// A received file; gone when dropped.
pub struct Spooled {
    path: PathBuf,
    pub sha256: Sha256,
    pub size: u64,
}

impl Spooled {
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Removes the file if receiving ends early.
struct Unfinished(Option<PathBuf>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

pub fn too_large(limit: u64) -> Error {
    let detail = format!("a module is at most {limit} bytes here (the operator sets --max-module-bytes)");
    Error::new(Kind::TooLarge, "module-too-large", detail)
}

pub fn new_path(state: &State) -> PathBuf {
    state.store.spool().join(format!("{}.part", Uuid::now_v7()))
}

/// A body that is a module.
pub async fn receive<S, E>(state: &State, stream: S) -> Result<Spooled>
where
    S: Stream<Item = std::result::Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    receive_as(state, stream, "body").await
}

/// The same under another name, such as that of a part; errors speak of it.
pub async fn receive_as<S, E>(state: &State, stream: S, field: &str) -> Result<Spooled>
where
    S: Stream<Item = std::result::Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    let limit = state.serve.max_module_bytes;
    let spooled = take(state, stream, limit, too_large, |_| {}).await.map_err(|error| error.under(field))?;
    if spooled.size == 0 {
        return Err(Error::invalid(field, "it is empty; send the wasm bytes"));
    }
    fail_here!("upload.after-spool");
    Ok(spooled)
}

/// Why a body could not be taken.
pub enum Cut {
    /// The sender stopped before the end.
    Early(String),
    Refused(Error),
}

impl Cut {
    fn under(self, field: &str) -> Error {
        match self {
            Self::Early(cause) => Error::invalid(field, format!("the upload ended early: {cause}")),
            Self::Refused(error) => error,
        }
    }
}

impl<E: Into<Error>> From<E> for Cut {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

/// A body of any kind, empty ones too; `each` sees the bytes as they pass.
pub async fn take<S, E>(
    state: &State,
    mut stream: S,
    limit: u64,
    beyond: impl Fn(u64) -> Error,
    mut each: impl FnMut(&[u8]),
) -> std::result::Result<Spooled, Cut>
where
    S: Stream<Item = std::result::Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    let path = new_path(state);
    let mut unfinished = Unfinished(Some(path.clone()));
    // Made here and now: on the blocking pool it might come to be after a client who left at
    // once has had it removed.
    let created = tokio::fs::File::from_std(std::fs::File::create(&path)?);
    let mut file = tokio::io::BufWriter::with_capacity(CHUNK, created);
    let mut hasher = sha2::Sha256::new();
    let mut size = 0u64;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|e| Cut::Early(e.to_string()))?;
        size += chunk.len() as u64;
        if size > limit {
            return Err(Cut::Refused(beyond(limit)));
        }
        hasher.update(&chunk);
        each(&chunk);
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    unfinished.0 = None;
    Ok(Spooled { path, sha256: Sha256::from_bytes(hasher.finalize().into()), size })
}

/// A file that is on disk already, such as an unpacked import.
pub async fn adopt(path: PathBuf) -> Result<Spooled> {
    let mut unfinished = Unfinished(Some(path.clone()));
    let mut file = tokio::fs::File::open(&path).await?;
    let (mut hasher, mut size, mut buffer) = (sha2::Sha256::new(), 0u64, vec![0; CHUNK]);
    loop {
        let n = file.read(&mut buffer).await?;
        if n == 0 {
            break;
        }
        hasher.update(&buffer[..n]);
        size += n as u64;
    }
    unfinished.0 = None;
    Ok(Spooled { path, sha256: Sha256::from_bytes(hasher.finalize().into()), size })
}

/// Removes what a killed process left behind.
pub fn sweep(spool: &Path, older_than: std::time::Duration) -> Result<()> {
    for entry in std::fs::read_dir(spool)? {
        let entry = entry?;
        // By age alone: a young file may belong to another process. One that is gone by now has been
        // taken away by its owner.
        let Ok(modified) = entry.metadata().and_then(|m| m.modified()) else { continue };
        if modified.elapsed().unwrap_or_default() > older_than {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(())
}
