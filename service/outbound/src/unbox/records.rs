//! What the headers of a tar archive say about the entry that follows, held against each other. Whatever
//! two readers could understand differently is refused, and no record is read into memory beyond a few KiB.
use std::io::Read;

use super::{UnboxError, pax};

/// Longest GNU name record and longest PAX header that are read into memory.
const MAX_NAME: u64 = 4 << 10;
const MAX_PAX: u64 = 64 << 10;

/// What the records before an entry said about it. Feed it every entry of the raw archive.
#[derive(Default)]
pub struct Announced {
    path: Option<Vec<u8>>,
    size: Option<u64>,
    extended: bool,
}

/// An entry that all readers understand alike.
#[derive(Debug, PartialEq, Eq)]
pub struct Settled {
    /// As the records before it name it; without one the header does.
    pub path: Option<Vec<u8>>,
    /// It has content; the others are links, devices, directories and what nobody knows.
    pub file: bool,
}

impl Announced {
    /// Takes in an extension record; false if the entry is none.
    pub fn read<R: Read>(&mut self, entry: &mut tar::Entry<'_, R>) -> Result<bool, UnboxError> {
        let kind = entry.header().entry_type();
        if kind.is_gnu_longname() {
            let mut name = record(entry, MAX_NAME)?;
            if let Some(end) = name.iter().position(|byte| *byte == 0) {
                name.truncate(end);
            }
            self.set_path(name)?;
        } else if kind.is_pax_local_extensions() {
            let extension = pax::parse(&record(entry, MAX_PAX)?)?;
            // Some readers take the last header alone, others add them up.
            if std::mem::replace(&mut self.extended, true) {
                return Err(UnboxError::corrupt("tar: an entry has two extended headers"));
            }
            if let Some(path) = extension.path {
                self.set_path(path)?;
            }
            self.size = extension.size;
        } else if kind.is_pax_global_extensions() {
            // git archives carry a comment here. A path or size for all entries is nonsense.
            if pax::parse(&record(entry, MAX_PAX)?)? != pax::Extension::default() {
                return Err(UnboxError::corrupt("tar: a global header gives a path or size"));
            }
        } else if kind.is_gnu_longlink() {
            // What a link leads to is of no interest; its length is.
            record(entry, MAX_NAME)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn set_path(&mut self, path: Vec<u8>) -> Result<(), UnboxError> {
        match self.path.replace(path) {
            None => Ok(()),
            Some(_) => Err(UnboxError::corrupt("tar: an entry is named twice")),
        }
    }

    /// The entry that was announced.
    pub fn settle<R: Read>(self, entry: &tar::Entry<'_, R>) -> Result<Settled, UnboxError> {
        let header = entry.header();
        let kind = header.entry_type();
        let size = size(header)?;
        if self.size.is_some_and(|other| other != size) {
            return Err(UnboxError::corrupt("tar: extended header and header give different sizes"));
        }
        if kind.is_gnu_sparse() {
            return Err(UnboxError::Unsupported {
                format: "a sparse tar archive",
                advice: "pack it again without --sparse",
            });
        }
        let named = self.path.as_deref().unwrap_or(&[]);
        let slashed = named.ends_with(b"/") || header.path_bytes().ends_with(b"/");
        let bodiless = kind.is_dir()
            || kind.is_symlink()
            || kind.is_hard_link()
            || kind.is_fifo()
            || kind.is_character_special()
            || kind.is_block_special()
            // Before there was a type for directories they were told by the slash.
            || slashed;
        if bodiless && size != 0 {
            return Err(UnboxError::corrupt("tar: a link, directory or device with a body"));
        }
        Ok(Settled { path: self.path, file: (kind.is_file() || kind.is_contiguous()) && !slashed })
    }
}

/// The size as the header has it. Readers differ in what they make of anything but plain octal digits, and
/// who gets another size finds the next header elsewhere.
fn size(header: &tar::Header) -> Result<u64, UnboxError> {
    let field = &header.as_old().size;
    let from = field.iter().position(|byte| *byte != b' ').unwrap_or(field.len());
    let digits = field[from..].iter().take_while(|byte| (b'0'..=b'7').contains(*byte)).count();
    let rest = &field[from + digits..];
    if digits == 0 || rest.iter().any(|byte| !matches!(byte, 0 | b' ')) {
        return Err(UnboxError::corrupt("tar: a size is not written in octal digits"));
    }
    header.entry_size().map_err(UnboxError::reading)
}

fn record<R: Read>(entry: &mut tar::Entry<'_, R>, limit: u64) -> Result<Vec<u8>, UnboxError> {
    let size = size(entry.header())?;
    if size > limit {
        return Err(UnboxError::corrupt(format!("tar: a header record of {size} bytes")));
    }
    let mut data = Vec::new();
    entry.read_to_end(&mut data).map_err(UnboxError::reading)?;
    Ok(data)
}
