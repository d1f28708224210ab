//! The module inside a manifest: the forms that wasm travels in, and how it is taken out. Names in an
//! archive are only compared, nothing is created under them; what is unpacked is bounded.
use super::{
    document::{DOCKER, Descriptor, Document, IMAGE},
    forms::{
        FILE,
        documents::{LAYER, SOLO_LAYER, WASM_LAYER},
    },
};
use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    path::Path,
};

const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// How a layer holds the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Box {
    /// The layer is the module.
    Raw,
    /// The layer is a gzip of a tar with `plugin.wasm`, if it holds one.
    Archive,
}

/// The layer with the module, if the manifest is of a form that has one.
pub fn layer<'a>(media_type: &str, document: &'a Document) -> Option<(Box, &'a Descriptor)> {
    let layers = &document.layers;
    let archive = |kind: &str| layers.last().filter(|l| l.media_type == kind).map(|l| (Box::Archive, l));
    match media_type {
        DOCKER => archive(DOCKER_LAYER),
        IMAGE => archive(LAYER).or_else(|| {
            let of = |kind: &str| layers.iter().find(|l| l.media_type == kind);
            let found = match layers.len() {
                1 => of(WASM_LAYER),
                2 => of(SOLO_LAYER),
                _ => None,
            };
            found.map(|l| (Box::Raw, l))
        }),
        _ => None,
    }
}

/// What came of opening an archive.
#[derive(Debug, PartialEq, Eq)]
pub enum Opened {
    Module,
    /// An archive without one, or no archive at all: not ours to judge.
    Nothing,
    /// Two files of that name: readers differ in which they take.
    Several,
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
    let found = search(&mut bounded, module, most);
    match found {
        _ if bounded.ended => Ok(Opened::TooLarge),
        Ok(opened) => Ok(opened),
        // The disk, not the archive.
        Err(Fault::Ours(error)) => Err(error),
        Err(Fault::Archive) => Ok(Opened::Nothing),
    }
}

enum Fault {
    Ours(io::Error),
    Archive,
}

fn search(input: impl Read, module: &Path, most: u64) -> Result<Opened, Fault> {
    let theirs = |_: io::Error| Fault::Archive;
    let mut archive = tar::Archive::new(input);
    let mut found = Opened::Nothing;
    for entry in archive.entries().map_err(theirs)? {
        let mut entry = entry.map_err(theirs)?;
        let named = entry.path_bytes().rsplit(|b| *b == b'/').next() == Some(FILE.as_bytes());
        if !named || !entry.header().entry_type().is_file() {
            continue;
        }
        if found == Opened::Module {
            return Ok(Opened::Several);
        }
        if entry.size() > most {
            return Ok(Opened::TooLarge);
        }
        let mut output = BufWriter::new(File::create(module).map_err(Fault::Ours)?);
        copy(&mut entry, &mut output)?;
        found = Opened::Module;
    }
    Ok(found)
}

/// `io::copy` would not tell whose fault it was.
fn copy(input: &mut impl Read, output: &mut impl Write) -> Result<(), Fault> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match input.read(&mut buffer).map_err(|_| Fault::Archive)? {
            0 => return output.flush().map_err(Fault::Ours),
            n => output.write_all(&buffer[..n]).map_err(Fault::Ours)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};

    fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = tar::Builder::new(GzEncoder::new(vec![], Compression::fast()));
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, *bytes).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    fn opened(bytes: &[u8], most: u64) -> (Opened, Vec<u8>) {
        let place = tempfile::tempdir().unwrap();
        let (layer, module) = (place.path().join("layer"), place.path().join("module"));
        std::fs::write(&layer, bytes).unwrap();
        let opened = open(&layer, &module, most).unwrap();
        (opened, std::fs::read(&module).unwrap_or_default())
    }

    #[test]
    fn the_one_file_of_that_name_is_the_module_wherever_it_lies() {
        for name in ["plugin.wasm", "./plugin.wasm", "a/b/plugin.wasm"] {
            let bytes = packed(&[("README", b"x"), (name, b"wasm"), ("z", b"y")]);
            assert_eq!(opened(&bytes, 1000), (Opened::Module, b"wasm".to_vec()), "{name}");
        }
        assert_eq!(opened(&packed(&[("filter.wasm", b"w")]), 1000).0, Opened::Nothing);
        assert_eq!(opened(b"neither gzip nor tar", 1000).0, Opened::Nothing);
        let twice = packed(&[("plugin.wasm", b"1"), ("a/plugin.wasm", b"2")]);
        assert_eq!(opened(&twice, 1000).0, Opened::Several);
    }

    #[test]
    fn bombs_end_early() {
        let zeros = vec![0; 1_000_000];
        assert_eq!(opened(&packed(&[("plugin.wasm", &zeros)]), 1000).0, Opened::TooLarge);
        assert_eq!(opened(&packed(&[("other", &zeros), ("plugin.wasm", b"w")]), 1000).0, Opened::TooLarge);
    }
}
