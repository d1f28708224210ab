//! The bytes as the proxy-wasm host reads them itself, before the engine: it walks the sections to
//! find the ABI marker, the `name` section and `precompiled_` sections, and refuses what it cannot
//! walk, even where an engine would not mind (proxy-wasm-cpp-host, src/bytecode_util.cc).

use crate::mangled::{Decoded, decoded, is_mangled};
use crate::tables::AbiVersion;

/// Bytes. Decoding recurses: in Envoy 1.40 no name of this length fills the stack, and some of 60 kB
/// do. No compiler comes near it.
pub const LONGEST_MANGLED: usize = 16 * 1024;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostView {
    /// The first function export that is named like an ABI version.
    pub abi: Option<AbiVersion>,
    pub corrupted: Option<Corrupted>,
    /// The longest C++ name in the `name` section: the host decodes each while loading.
    pub longest_mangled: usize,
    /// Bytes of all C++ names when decoded.
    pub decoded: u64,
    /// There is a name for which that cannot be told.
    pub undecoded: bool,
}

impl HostView {
    fn name(&mut self, name: &[u8]) {
        if !is_mangled(name) {
            return;
        }
        self.longest_mangled = self.longest_mangled.max(name.len());
        if name.len() <= LONGEST_MANGLED {
            match decoded(name) {
                Decoded::Bytes(bytes) => self.decoded = self.decoded.saturating_add(bytes),
                Decoded::Unknown => self.undecoded = true,
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Corrupted {
    pub what: &'static str,
    pub offset: usize,
}

type Walk<T> = Result<T, Corrupted>;

const HEADER: usize = 8;
const CUSTOM: u8 = 0;
const EXPORT: u8 = 7;

pub fn read(bytes: &[u8]) -> HostView {
    let mut view = HostView::default();
    if let Err(corrupted) = walk(bytes, &mut view) {
        view.corrupted = Some(corrupted);
    }
    view
}

/// The host makes three passes, each over the whole file; the first fault of any pass refuses it.
fn walk(bytes: &[u8], view: &mut HostView) -> Walk<()> {
    let mut cursor = Cursor { bytes, at: HEADER.min(bytes.len()), end: bytes.len() };
    let mut names = None;
    let mut exports_read = false;
    while cursor.at < cursor.end {
        let (id, body) = cursor.section()?;
        match id {
            EXPORT if !exports_read => {
                exports_read = true;
                view.abi = marker(body)?;
            }
            CUSTOM => {
                let mut section = body;
                let name = section.string("the name of a custom section")?;
                if name == b"name" && names.is_none() {
                    names = Some(section);
                }
            }
            _ => {}
        }
    }
    match names {
        Some(section) => name_section(section, view),
        None => Ok(()),
    }
}

fn marker(mut section: Cursor<'_>) -> Walk<Option<AbiVersion>> {
    let count = section.varint("the number of exports")?;
    if !section.holds(count) {
        return section.fault("the number of exports");
    }
    for _ in 0..count {
        let name = section.string("the name of an export")?;
        let kind = section.byte("the kind of an export")?;
        if kind == 0
            && let Some(version) = AbiVersion::from_marker(name)
        {
            return Ok(Some(version));
        }
        section.varint("the index of an export")?;
    }
    Ok(None)
}

fn name_section(mut section: Cursor<'_>, view: &mut HostView) -> Walk<()> {
    while section.at < section.end {
        let id = section.byte("the name section")?;
        let size = section.varint("the name section")?;
        if !section.holds(size) {
            return section.fault("the length of a part of the name section");
        }
        let start = section.at;
        if id != 1 {
            section.at += size;
            continue;
        }
        let count = section.varint("the number of function names")?;
        if !section.holds(count) {
            return section.fault("the number of function names");
        }
        for _ in 0..count {
            section.varint("the index of a named function")?;
            let name = section.string("the name of a function")?;
            view.name(name);
        }
        if start + size != section.at {
            return section.fault("the length of the function names");
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    fn section(&mut self) -> Walk<(u8, Cursor<'a>)> {
        let id = self.byte("a section")?;
        let size = self.varint("the length of a section")?;
        if !self.holds(size) {
            return self.fault("a section that is longer than the file");
        }
        let body = Cursor { bytes: self.bytes, at: self.at, end: self.at + size };
        self.at += size;
        Ok((id, body))
    }

    fn byte(&mut self, what: &'static str) -> Walk<u8> {
        if self.at >= self.end {
            return self.fault(what);
        }
        let byte = self.bytes[self.at];
        self.at += 1;
        Ok(byte)
    }

    fn string(&mut self, what: &'static str) -> Walk<&'a [u8]> {
        let size = self.varint(what)?;
        if !self.holds(size) {
            return self.fault(what);
        }
        let text = &self.bytes[self.at..self.at + size];
        self.at += size;
        Ok(text)
    }

    /// At most five bytes, and at most 30 bits: the host refuses the two highest.
    fn varint(&mut self, what: &'static str) -> Walk<usize> {
        let mut total: usize = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte(what)?;
            let low = usize::from(byte & 0x7f);
            if shift == 28 && low > 3 {
                return self.fault(what);
            }
            total += low << shift;
            if byte & 0x80 == 0 {
                return Ok(total);
            }
        }
        self.fault(what)
    }

    fn holds(&self, size: usize) -> bool {
        size <= self.end - self.at
    }

    fn fault<T>(&self, what: &'static str) -> Walk<T> {
        Err(Corrupted { what, offset: self.at })
    }
}
