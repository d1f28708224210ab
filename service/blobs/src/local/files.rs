//! The directory tree of the local store: making it, walking it, hashing and removing files in it.
//! Everything here blocks. Knows nothing of puts in progress.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use super::CHUNK;
use crate::{BlobError, BlobKey, Entry};

pub(super) const DRAFTS: &str = ".tmp";
const MODULES: &str = "modules/sha256";
/// Longer than any upload can take; a younger draft may belong to a process that still runs.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes every directory that puts will need, and makes them durable, so that no acknowledged object
/// can lose the directory that names it. Then removes stale drafts.
pub(super) fn prepare(root: &Path) -> Result<(), BlobError> {
    let modules = root.join(MODULES);
    let new = !root.exists();
    let failed = |path: &Path, error: io::Error| BlobError::io(path.display(), &error);
    fs::create_dir_all(&modules).map_err(|e| failed(&modules, e))?;
    let drafts = root.join(DRAFTS);
    fs::create_dir_all(&drafts).map_err(|e| failed(&drafts, e))?;
    for shard in 0..=255_u8 {
        make_directory(&modules.join(hex::encode([shard])))?;
    }
    // The directory above is not ours and may be closed to us; it matters only to a root that is new.
    let above = root.parent().filter(|_| new);
    for directory in [Some(modules.as_path()), modules.parent(), Some(root), above].into_iter().flatten() {
        sync_directory(directory)?;
    }
    // The draft written last tells the file system's own time, which is what its other times mean.
    let now = probe(root)?;
    let removed = sweep(root, micros(now.checked_sub(STALE).unwrap_or(UNIX_EPOCH)))?;
    if removed > 0 {
        tracing::info!(removed, root = %root.display(), "removed drafts of interrupted uploads");
    }
    Ok(())
}

/// True when the directory is new.
pub(super) fn make_directory(path: &Path) -> Result<bool, BlobError> {
    match fs::create_dir(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(BlobError::io(path.display(), &error)),
    }
}

pub(super) fn sync_directory(path: &Path) -> Result<(), BlobError> {
    let synced = File::open(path).and_then(|directory| directory.sync_all());
    synced.map_err(|e| BlobError::io(format_args!("fsync of {}", path.display()), &e))
}

/// A new empty draft; it removes itself when dropped.
pub(super) fn draft(root: &Path) -> Result<tempfile::NamedTempFile, BlobError> {
    let drafts = root.join(DRAFTS);
    tempfile::Builder::new()
        .prefix("put-")
        .tempfile_in(&drafts)
        .map_err(|e| BlobError::io(drafts.display(), &e))
}

/// Writes one byte to a draft: fails when the directory is gone, read-only or full. Returns the time
/// that the file system gave the draft.
pub(super) fn probe(root: &Path) -> Result<SystemTime, BlobError> {
    let mut draft = draft(root)?;
    let written =
        draft.write_all(b"?").and_then(|()| draft.as_file().metadata()).and_then(|stat| stat.modified());
    written.map_err(|e| BlobError::io(draft.path().display(), &e))
}

/// `None` when absent. Anything but a regular file under an object's name was not put there by us.
pub(super) fn regular(path: &Path) -> Result<Option<Metadata>, BlobError> {
    match fs::symlink_metadata(path) {
        Ok(stat) if stat.is_file() => Ok(Some(stat)),
        Ok(_) => Err(BlobError::Internal(format!("{} is not a regular file", path.display()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(BlobError::io(path.display(), &error)),
    }
}

/// Removes a file and makes the removal durable.
pub(super) fn remove(path: &Path) -> Result<(), BlobError> {
    match fs::remove_file(path) {
        Ok(()) => path.parent().map_or(Ok(()), sync_directory),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BlobError::io(path.display(), &error)),
    }
}

/// Feeds a file to `sink` chunk by chunk; returns its length and digest.
pub(super) fn hash(
    mut file: &File,
    mut sink: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<(u64, [u8; 32])> {
    let (mut hash, mut length) = (Sha256::new(), 0);
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = match file.read(&mut chunk) {
            Ok(0) => return Ok((length, hash.finalize().into())),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hash.update(&chunk[..read]);
        sink(&chunk[..read])?;
        length += read as u64;
    }
}

/// Removes drafts that were last written before `before_us`.
pub(super) fn sweep(root: &Path, before_us: i64) -> Result<u64, BlobError> {
    let drafts = root.join(DRAFTS);
    let failed = |error: io::Error| BlobError::io(drafts.display(), &error);
    let mut removed = 0;
    for draft in fs::read_dir(&drafts).map_err(failed)? {
        let draft = draft.map_err(failed)?;
        let stale = match draft.metadata() {
            Ok(stat) => stat.is_file() && modified_us(&stat) < before_us,
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => return Err(failed(error)),
        };
        if stale {
            remove(&draft.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// The directories and the other entries of one directory below the root, drafts left out.
pub(super) fn read_directory(root: &Path, below: &Path) -> Result<(Vec<PathBuf>, Vec<Entry>), BlobError> {
    let directory = root.join(below);
    let failed = |error: io::Error| BlobError::io(directory.display(), &error);
    let (mut directories, mut entries) = (Vec::new(), Vec::new());
    for item in fs::read_dir(&directory).map_err(failed)? {
        let item = item.map_err(failed)?;
        let path = below.join(item.file_name());
        let stat = match item.metadata() {
            Ok(stat) => stat,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(error)),
        };
        if stat.is_dir() {
            if path != Path::new(DRAFTS) {
                directories.push(path);
            }
            continue;
        }
        // A symlink or a device is not ours, whatever its name.
        let key = path.to_str().filter(|_| stat.is_file()).and_then(BlobKey::parse);
        let name = path.to_string_lossy().into_owned();
        entries.push(Entry { key, name, size: stat.len(), modified_us: modified_us(&stat) });
    }
    Ok((directories, entries))
}

fn modified_us(stat: &Metadata) -> i64 {
    stat.modified().map(micros).unwrap_or_default()
}

fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
