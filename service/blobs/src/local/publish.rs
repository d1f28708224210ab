//! One durable write to the local store. Blocks. A crash at any point leaves the old object, the new
//! one or none under the final name, never a part of one.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

use super::{LocalStore, files};
use crate::failpoints::hit;
use crate::{BlobError, BlobKey};

pub(super) fn publish(
    store: &LocalStore,
    key: &BlobKey,
    source: &Path,
    size: u64,
    sha256: [u8; 32],
) -> Result<(), BlobError> {
    let path = store.path(key);
    let directory = store.root.join(key.directory());
    // `prepare` made them all; this one is for a directory that someone has tidied away since.
    if files::make_directory(&directory)? {
        directory.parent().map_or(Ok(()), files::sync_directory)?;
    }
    let trusted = !store.is_doubtful(key);
    if trusted && holds(&path, size, sha256)? {
        return settle(store, key, &directory);
    }
    let draft = write_draft(store, source, size, sha256)?;
    hit("blob.before-link")?;
    match fs::hard_link(draft.path(), &path) {
        Ok(()) => {}
        // Another put of the same key was faster, and its bytes are on the disk already.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && trusted && holds(&path, size, sha256)? => {}
        // Wrong bytes under the name, or a file system without hard links: readers see the old file or
        // the new one.
        Err(_) => {
            let renamed = fs::rename(draft.path(), &path);
            renamed.map_err(|e| BlobError::io(format_args!("rename to {}", path.display()), &e))?;
        }
    }
    hit("blob.after-link")?;
    settle(store, key, &directory)
}

/// Makes the name durable. A second fsync after a failed one may claim success for what was lost, so a
/// key whose fsync failed is written afresh next time.
fn settle(store: &LocalStore, key: &BlobKey, directory: &Path) -> Result<(), BlobError> {
    let synced = files::sync_directory(directory);
    store.mark(key, synced.is_err());
    synced
}

/// Copies the source while hashing it, so that a spool file that has changed since is noticed here. A
/// copy and not a link: whoever made the spool file may still write to it.
fn write_draft(
    store: &LocalStore,
    source: &Path,
    size: u64,
    sha256: [u8; 32],
) -> Result<tempfile::NamedTempFile, BlobError> {
    let input = File::open(source)
        .map_err(|e| BlobError::Internal(format!("the file to store, {}: {e}", source.display())))?;
    let mut draft = files::draft(&store.root)?;
    let failed = |error| BlobError::io(store.root.join(files::DRAFTS).display(), &error);
    let (length, found) =
        files::hash(&input, |chunk| draft.as_file_mut().write_all(chunk)).map_err(failed)?;
    if (length, found) != (size, sha256) {
        let detail = format!("the file to store has {length} bytes and sha256:{}", hex::encode(found));
        return Err(BlobError::corrupt(&sha256, detail));
    }
    draft.as_file().sync_all().map_err(failed)?;
    hit("blob.after-temp-write")?;
    Ok(draft)
}

/// Whether the final name holds exactly these bytes, on the disk.
fn holds(path: &Path, size: u64, sha256: [u8; 32]) -> Result<bool, BlobError> {
    let failed = |error: std::io::Error| BlobError::io(path.display(), &error);
    match fs::symlink_metadata(path) {
        Ok(stat) if stat.is_file() && stat.len() == size => {}
        Ok(_) => return Ok(false),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    // Unreadable is as bad as wrong: it gets replaced.
    if files::hash(&file, |_| Ok(())).ok() != Some((size, sha256)) {
        return Ok(false);
    }
    // It may have come from a restored backup, which nobody has synced.
    file.sync_all().map_err(failed)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use sha2::{Digest, Sha256};

    use super::*;

    #[tokio::test]
    async fn an_object_whose_fsync_failed_is_written_afresh_and_then_trusted() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::open(root.path()).await.unwrap();
        let bytes = b"some bytes";
        let sha256: [u8; 32] = Sha256::digest(bytes).into();
        let key = BlobKey::module(&hex::encode(sha256), 0).unwrap();
        let source = root.path().join("source");
        fs::write(&source, bytes).unwrap();
        let inode_after_put = || {
            publish(&store, &key, &source, bytes.len() as u64, sha256).unwrap();
            fs::metadata(store.path(&key)).unwrap().ino()
        };
        let first = inode_after_put();
        assert_eq!(inode_after_put(), first);
        // Held open, so that its number is not given to the next file.
        let _reader = File::open(store.path(&key)).unwrap();
        store.mark(&key, true);
        let second = inode_after_put();
        assert_ne!(second, first);
        assert_eq!(inode_after_put(), second);
    }
}
