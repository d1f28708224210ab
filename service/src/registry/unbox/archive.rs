//! A packed layer with the file `plugin.wasm`. Istio and its kin take the first entry whose last name is
//! that, of whatever type; so there is exactly one, it is a file, and nothing in the archive can be read in
//! two ways. Names are only compared, nothing is created under them; what is unpacked is bounded.
use crate::registry::forms::FILE;
use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    path::Path,
};
use tamis_outbound::unbox::Announced;

/// What came of opening an archive.
#[derive(Debug, PartialEq, Eq)]
pub enum Opened {
    Module,
    /// An archive without one, or no archive at all: not ours to judge.
    Nothing,
    /// Readers differ in which module they take, if any.
    Ambiguous(String),
    TooLarge,
}

/// Stops reading where unpacking has gone on for too long.
struct Bounded<R> {
    inner: R,
    left: u64,
    ended: bool,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        match self.left.checked_sub(n as u64) {
            Some(left) => self.left = left,
            None => {
                self.ended = true;
                return Err(io::Error::other("unpacked it is too large"));
            }
        }
        Ok(n)
    }
}

/// Writes the module of a packed layer to a file. `most` is for the module, all the rest of the archive
/// together may be a few times that.
pub fn open(layer: &Path, module: &Path, most: u64) -> io::Result<Opened> {
    let input = BufReader::with_capacity(64 * 1024, File::open(layer)?);
    let gunzipped = flate2::read::MultiGzDecoder::new(input);
    let mut bounded = Bounded { inner: gunzipped, left: most.saturating_mul(8), ended: false };
    let mut search = Search { module, most, found: false };
    let searched = search.archive(&mut bounded);
    match searched {
        _ if bounded.ended => Ok(Opened::TooLarge),
        Ok(()) if search.found => Ok(Opened::Module),
        Ok(()) => Ok(Opened::Nothing),
        // The disk, not the archive.
        Err(Fault::Ours(error)) => Err(error),
        Err(Fault::Ambiguous(why)) => Ok(Opened::Ambiguous(why)),
        Err(Fault::TooLarge) => Ok(Opened::TooLarge),
        // Who stops at the module does not see that the rest is damaged.
        Err(Fault::Archive) if search.found => {
            Ok(Opened::Ambiguous("it is damaged behind the module".into()))
        }
        Err(Fault::Archive) => Ok(Opened::Nothing),
    }
}

enum Fault {
    Ours(io::Error),
    Ambiguous(String),
    TooLarge,
    Archive,
}

fn theirs(_: io::Error) -> Fault {
    Fault::Archive
}

struct Search<'a> {
    module: &'a Path,
    most: u64,
    found: bool,
}

impl Search<'_> {
    fn archive(&mut self, input: impl Read) -> Result<(), Fault> {
        let mut archive = tar::Archive::new(input);
        let mut announced = Announced::default();
        // Raw: no record is read that nobody has looked at.
        for entry in archive.entries().map_err(theirs)?.raw(true) {
            let mut entry = entry.map_err(theirs)?;
            if announced.read(&mut entry).map_err(ambiguous)? {
                // To some readers a global header is an entry like others.
                let global = entry.header().entry_type().is_pax_global_extensions();
                if global && named(entry.header(), None)? != Named::Otherwise {
                    return Err(unclear("a header is called so"));
                }
                continue;
            }
            let settled = std::mem::take(&mut announced).settle(&entry).map_err(ambiguous)?;
            match named(entry.header(), settled.path.as_deref())? {
                Named::Otherwise => {}
                Named::Module if settled.file && !entry.header().entry_type().is_contiguous() => {
                    self.take(&mut entry)?;
                }
                Named::Module => return Err(unclear("something is called so that is no plain file")),
            }
        }
        rest_is_empty(&mut archive.into_inner())
    }

    fn take<R: Read>(&mut self, entry: &mut tar::Entry<'_, R>) -> Result<(), Fault> {
        if std::mem::replace(&mut self.found, true) {
            return Err(unclear("it is there more than once"));
        }
        if entry.size() > self.most {
            return Err(Fault::TooLarge);
        }
        let mut output = BufWriter::new(File::create(self.module).map_err(Fault::Ours)?);
        copy(entry, &mut output)
    }
}

fn ambiguous(error: tamis_outbound::UnboxError) -> Fault {
    Fault::Ambiguous(error.to_string())
}

fn unclear(why: &str) -> Fault {
    Fault::Ambiguous(format!("`{FILE}`: {why}"))
}

#[derive(PartialEq, Eq)]
enum Named {
    Module,
    Otherwise,
}

/// Whether an entry is called like the module, to whichever reader.
fn named(header: &tar::Header, announced: Option<&[u8]>) -> Result<Named, Fault> {
    let bytes = header.as_bytes();
    let text = |field: &[u8]| field.split(|b| *b == 0).next().unwrap_or_default().to_vec();
    let (name, prefix) = (text(&bytes[..100]), text(&bytes[345..500]));
    let in_header = last(&name)? || (!prefix.is_empty() && last(&[&*prefix, b"/", &*name].concat())?);
    match announced {
        Some(path) if last(path)? => Ok(Named::Module),
        // Only who does not know the longer name sees this one.
        Some(_) if in_header => Err(unclear("an entry has that name and another")),
        None if in_header => Ok(Named::Module),
        _ => Ok(Named::Otherwise),
    }
}

/// Whether the path leads to a file of the module's name.
fn last(path: &[u8]) -> Result<bool, Fault> {
    let parts = || path.split(|b| *b == b'/').filter(|part| !matches!(*part, b"" | b"."));
    let hidden =
        |part: &[u8]| part != FILE.as_bytes() && part.rsplit(|b| *b == b'\\').any(|p| p == FILE.as_bytes());
    let climbs = parts().any(|part| part == b"..") && parts().any(|part| part == FILE.as_bytes());
    if climbs || parts().any(hidden) {
        return Err(unclear("a path leads there in one way or another"));
    }
    Ok(parts().next_back() == Some(FILE.as_bytes()))
}

/// Behind the end of an archive some readers go on.
fn rest_is_empty(input: &mut impl Read) -> Result<(), Fault> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match input.read(&mut buffer).map_err(theirs)? {
            0 => return Ok(()),
            n if buffer[..n].iter().all(|b| *b == 0) => {}
            _ => return Err(Fault::Ambiguous("something follows the end of the archive".into())),
        }
    }
}

/// `io::copy` would not tell whose fault it was.
fn copy(input: &mut impl Read, output: &mut impl Write) -> Result<(), Fault> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match input.read(&mut buffer).map_err(theirs)? {
            0 => return output.flush().map_err(Fault::Ours),
            n => output.write_all(&buffer[..n]).map_err(Fault::Ours)?,
        }
    }
}
