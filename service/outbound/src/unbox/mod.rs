//! From a downloaded file to one module: gzip and tar are taken off, layer by layer, as a
//! stream. Knows no network and no wasm; names in an archive are only ever compared and shown,
//! nothing is created under them. Blocking: call it where blocking is allowed.

mod gzip;
mod pax;
mod records;
mod select;
mod tar;

pub use records::{Announced, Settled};

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use crate::error::{cause, out_of_space};
use crate::limits::Limits;
use crate::source::Hint;

/// Layers of gzip and tar that are taken off; real modules have two at most.
const MAX_LAYERS: usize = 3;
/// Enough of a file's beginning to tell what it is: tar's mark ends at byte 265.
const HEAD: usize = 512;
const BUFFER: usize = 64 << 10;

/// What was in the box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unboxed {
    /// The entry's path in its archive, or the file's own name. For showing only.
    pub name: Option<String>,
    /// `plain`, `gzip`, `tar`, `tar.gz`, or a list such as `gzip+gzip+tar`, outermost first.
    pub container: String,
    /// Size of the module.
    pub bytes: u64,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnboxError {
    #[error("unpacking {format} is not supported: {advice}")]
    Unsupported { format: &'static str, advice: &'static str },

    #[error("unpacked it is larger than the limit of {limit} bytes")]
    TooLarge { limit: u64 },

    #[error("the archive has more than {limit} entries")]
    TooManyEntries { limit: u32 },

    #[error("archives are nested more than {limit} deep")]
    TooDeep { limit: usize },

    #[error("the archive holds no .wasm file{place}")]
    NoModule { place: String },

    #[error("the archive holds no file {entry:?}; its .wasm files: {}", candidates.join(", "))]
    NoSuchEntry { entry: String, candidates: Vec<String> },

    #[error(
        "the archive holds several .wasm files; name one by appending `#path/in/archive.wasm` \
         to the URL: {}",
        candidates.join(", ")
    )]
    Ambiguous {
        /// The first of them.
        candidates: Vec<String>,
        total: u32,
    },

    #[error("the file is damaged or contradicts itself: {reason}")]
    Corrupt { reason: String },

    #[error("unpacking failed: {0}")]
    Io(io::Error),
}

impl UnboxError {
    /// A name that stays, for logs, metrics and mapping.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unsupported { .. } => "unsupported",
            Self::TooLarge { .. } => "too-large",
            Self::TooManyEntries { .. } => "too-many-entries",
            Self::TooDeep { .. } => "too-deep",
            Self::NoModule { .. } => "no-module",
            Self::NoSuchEntry { .. } => "no-such-entry",
            Self::Ambiguous { .. } => "ambiguous",
            Self::Corrupt { .. } => "corrupt",
            Self::Io(_) => "io",
        }
    }

    /// The disk here is full: not the archive's fault.
    pub fn is_out_of_space(&self) -> bool {
        matches!(self, Self::Io(error) if out_of_space(error))
    }

    fn corrupt(reason: impl Into<String>) -> Self {
        Self::Corrupt { reason: reason.into() }
    }

    /// A failed read. Our own bounds travel through readers as `io::Error`s; other failures of
    /// a decoder are the file's fault.
    fn reading(error: io::Error) -> Self {
        match cause::<gzip::Unfolded>(&error) {
            Some(bound) => Self::TooLarge { limit: bound.limit },
            None if error.raw_os_error().is_some() => Self::Io(error),
            None => Self::corrupt(error.to_string()),
        }
    }
}

/// Writes the one module in `input` to `output`, which is replaced, and removed on failure.
pub fn unbox(input: &Path, output: &Path, hint: &Hint, limits: &Limits) -> Result<Unboxed, UnboxError> {
    let outcome = Unboxing::start(output, hint, limits).and_then(|mut work| {
        let file = File::open(input).map_err(UnboxError::Io)?;
        work.descend(&mut BufReader::with_capacity(BUFFER, file), &mut Vec::new())?;
        work.finish()
    });
    if outcome.is_err() {
        // Best effort: the caller's spool directory is swept anyway.
        let _ = std::fs::remove_file(output);
    }
    outcome
}

/// One run: what is being written, and what has been counted so far over all layers.
struct Unboxing<'a> {
    output: File,
    hint: &'a Hint,
    limits: &'a Limits,
    entries: u32,
    result: Option<Unboxed>,
}

impl<'a> Unboxing<'a> {
    fn start(output: &Path, hint: &'a Hint, limits: &'a Limits) -> Result<Self, UnboxError> {
        let output = File::create(output).map_err(UnboxError::Io)?;
        Ok(Self { output, hint, limits, entries: 0, result: None })
    }

    fn finish(mut self) -> Result<Unboxed, UnboxError> {
        self.output.flush().map_err(UnboxError::Io)?;
        self.result.ok_or_else(|| UnboxError::corrupt("it is empty"))
    }

    /// Takes off one layer after the other; the innermost content goes to the output.
    fn descend(&mut self, input: &mut dyn BufRead, layers: &mut Vec<&'static str>) -> Result<(), UnboxError> {
        let (head, mut input) = peek(input)?;
        refuse_unsupported(&head)?;
        let layer = if gzip::is_gzip(&head) {
            "gzip"
        } else if tar::is_tar(&head) {
            "tar"
        } else {
            return self.write_module(&mut input, layers);
        };
        if layers.len() == MAX_LAYERS {
            return Err(UnboxError::TooDeep { limit: MAX_LAYERS });
        }
        layers.push(layer);
        if layer == "gzip" {
            let mut inner = gzip::unfold(input, self.limits.max_unpacked);
            self.descend(&mut inner, layers)?;
        } else {
            self.walk_tar(input, layers)?;
        }
        layers.pop();
        Ok(())
    }

    fn write_module(&mut self, input: &mut dyn BufRead, layers: &[&'static str]) -> Result<(), UnboxError> {
        let limit = self.limits.max_unpacked;
        let mut bytes = 0u64;
        loop {
            let piece = input.fill_buf().map_err(UnboxError::reading)?;
            if piece.is_empty() {
                break;
            }
            let length = piece.len();
            bytes += length as u64;
            if bytes > limit {
                return Err(UnboxError::TooLarge { limit });
            }
            self.output.write_all(piece).map_err(UnboxError::Io)?;
            input.consume(length);
        }
        let container = match layers {
            [] => "plain".to_owned(),
            ["gzip", "tar"] => "tar.gz".to_owned(),
            more => more.join("+"),
        };
        self.result = Some(Unboxed { name: self.hint.file_name.clone(), container, bytes });
        Ok(())
    }
}

/// The first bytes, and a reader that still has them in front.
fn peek(input: &mut dyn BufRead) -> Result<(Vec<u8>, impl BufRead), UnboxError> {
    let mut head = Vec::with_capacity(HEAD);
    input.take(HEAD as u64).read_to_end(&mut head).map_err(UnboxError::reading)?;
    Ok((head.clone(), io::Cursor::new(head).chain(input)))
}

fn refuse_unsupported(head: &[u8]) -> Result<(), UnboxError> {
    const REPACK: &str = "link to the module itself, or pack it as .tar.gz";
    let known: [(&[u8], &'static str, &'static str); 10] = [
        (b"PK\x03\x04", "zip", REPACK),
        (b"PK\x05\x06", "zip", REPACK),
        (b"PK\x07\x08", "zip", REPACK),
        (b"7z\xbc\xaf\x27\x1c", "7z", REPACK),
        (b"Rar!\x1a\x07", "rar", REPACK),
        (b"\xfd7zXZ\0", "xz", REPACK),
        (b"BZh", "bzip2", REPACK),
        (b"\x28\xb5\x2f\xfd", "zstd", REPACK),
        (b"\x04\x22\x4d\x18", "lz4", REPACK),
        (
            b"version https://git-lfs.github.com/spec/",
            "a Git LFS pointer",
            "it stands for a file that is stored elsewhere; link to the file's `raw` address",
        ),
    ];
    match known.iter().find(|(magic, ..)| head.starts_with(magic)) {
        Some((_, format, advice)) => Err(UnboxError::Unsupported { format, advice }),
        None => Ok(()),
    }
}
