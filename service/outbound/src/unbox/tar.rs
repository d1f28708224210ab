//! Walking a tar archive (POSIX ustar and pax, GNU long names) without unpacking it. Only
//! regular files are looked into; links, devices and directories are passed over. Whatever
//! two readers could understand differently is refused rather than guessed at.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::select::Selection;
use super::{BUFFER, UnboxError, Unboxing, pax};
use crate::source::Hint;

/// Longest GNU name record and longest PAX header that are read into memory.
const MAX_NAME: u64 = 4 << 10;
const MAX_PAX: u64 = 64 << 10;

pub(super) fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

/// What the records before an entry said about it.
#[derive(Default)]
struct Announced {
    path: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Unboxing<'_> {
    pub(super) fn walk_tar(
        &mut self,
        input: impl Read,
        layers: &mut Vec<&'static str>,
    ) -> Result<(), UnboxError> {
        // The hint describes the outer archive; inside an inner one there must be no choice.
        let nested = layers.iter().filter(|layer| **layer == "tar").count() > 1;
        let hint = if nested { Hint::default() } else { self.hint.clone() };
        let mut selection = Selection::new(&hint);
        let mut archive = tar::Archive::new(input);
        let mut announced = Announced::default();
        // Raw: extension records come as entries, so that they can be held against the header.
        for entry in archive.entries().map_err(UnboxError::reading)?.raw(true) {
            // An entry cut short shows here, when the reader looks for the next one.
            let mut entry = entry.map_err(UnboxError::reading)?;
            self.count_entry()?;
            if announced.read(&mut entry)? {
                continue;
            }
            let announced = std::mem::take(&mut announced);
            let Some(path) = regular_file(&entry, announced)? else { continue };
            if let Some(shown) = selection.offer(&path)? {
                self.rewind()?;
                let mut content = BufReader::with_capacity(BUFFER, entry);
                self.descend(&mut content, layers)?;
                if let Some(result) = &mut self.result {
                    result.name = Some(shown);
                }
            }
        }
        // Reading on to the end makes the layer outside check its own sum.
        io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(UnboxError::reading)?;
        selection.finish()
    }

    fn count_entry(&mut self) -> Result<(), UnboxError> {
        self.entries += 1;
        if self.entries > self.limits.max_entries {
            return Err(UnboxError::TooManyEntries { limit: self.limits.max_entries });
        }
        Ok(())
    }

    /// A better entry was found: what was written so far does not count.
    fn rewind(&mut self) -> Result<(), UnboxError> {
        self.result = None;
        self.output.set_len(0).map_err(UnboxError::Io)?;
        self.output.seek(SeekFrom::Start(0)).map_err(UnboxError::Io)?;
        Ok(())
    }
}

impl Announced {
    /// Takes in an extension record; false if the entry is none.
    fn read<R: Read>(&mut self, entry: &mut tar::Entry<'_, R>) -> Result<bool, UnboxError> {
        let kind = entry.header().entry_type();
        if kind.is_gnu_longname() {
            let mut name = record(entry, MAX_NAME)?;
            if let Some(end) = name.iter().position(|byte| *byte == 0) {
                name.truncate(end);
            }
            self.set_path(name)?;
        } else if kind.is_pax_local_extensions() {
            let extension = pax::parse(&record(entry, MAX_PAX)?)?;
            if let Some(path) = extension.path {
                self.set_path(path)?;
            }
            if self.size.is_some() && extension.size.is_some() {
                return Err(UnboxError::corrupt("tar: two extended headers give a size"));
            }
            self.size = self.size.or(extension.size);
        } else if kind.is_pax_global_extensions() {
            // git archives carry a comment here. A path or size for all entries is nonsense.
            if pax::parse(&record(entry, MAX_PAX)?)? != pax::Extension::default() {
                return Err(UnboxError::corrupt("tar: a global header gives a path or size"));
            }
        } else {
            return Ok(kind.is_gnu_longlink());
        }
        Ok(true)
    }

    fn set_path(&mut self, path: Vec<u8>) -> Result<(), UnboxError> {
        match self.path.replace(path) {
            None => Ok(()),
            Some(_) => Err(UnboxError::corrupt("tar: an entry is named twice")),
        }
    }
}

fn record<R: Read>(entry: &mut tar::Entry<'_, R>, limit: u64) -> Result<Vec<u8>, UnboxError> {
    let size = entry.header().entry_size().map_err(UnboxError::reading)?;
    if size > limit {
        return Err(UnboxError::corrupt(format!("tar: a header record of {size} bytes")));
    }
    let mut data = Vec::new();
    entry.read_to_end(&mut data).map_err(UnboxError::reading)?;
    Ok(data)
}

/// The path of a regular file; `None` for all other kinds of entry.
fn regular_file<R: Read>(
    entry: &tar::Entry<'_, R>,
    announced: Announced,
) -> Result<Option<Vec<u8>>, UnboxError> {
    let header = entry.header();
    let kind = header.entry_type();
    let size = header.entry_size().map_err(UnboxError::reading)?;
    if announced.size.is_some_and(|other| other != size) {
        return Err(UnboxError::corrupt("tar: extended header and header give different sizes"));
    }
    if kind.is_gnu_sparse() {
        return Err(UnboxError::Unsupported {
            format: "a sparse tar archive",
            advice: "pack it again without --sparse",
        });
    }
    if kind.is_file() || kind.is_contiguous() {
        return Ok(Some(announced.path.unwrap_or_else(|| header.path_bytes().into_owned())));
    }
    let bodiless = kind.is_dir()
        || kind.is_symlink()
        || kind.is_hard_link()
        || kind.is_fifo()
        || kind.is_character_special()
        || kind.is_block_special();
    if bodiless && size != 0 {
        return Err(UnboxError::corrupt("tar: a link, directory or device with a body"));
    }
    Ok(None)
}
