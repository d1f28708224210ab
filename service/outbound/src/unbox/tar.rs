//! Walking a tar archive (POSIX ustar and pax, GNU long names) without unpacking it. Only
//! regular files are looked into; links, devices and directories are passed over. Whatever
//! two readers could understand differently is refused rather than guessed at.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::records::Announced;
use super::select::Selection;
use super::{BUFFER, UnboxError, Unboxing};
use crate::source::Hint;

pub(super) fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
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
            let settled = std::mem::take(&mut announced).settle(&entry)?;
            if !settled.file {
                continue;
            }
            let path = settled.path.unwrap_or_else(|| entry.header().path_bytes().into_owned());
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
