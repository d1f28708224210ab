//! Numbers in the limits of a memory or table of 32 bits. The parser reads them like those of 64 bits, in
//! up to ten bytes; V8 takes five, and refuses what is longer whatever its value.

use wasmparser::{BinaryReader, FromReader, WasmFeatures};

use super::features;
use crate::work::Stop;

/// Reads what begins there once more, with numbers of 32 bits.
pub fn are_narrow<'a, T: FromReader<'a>>(bytes: &'a [u8], offset: u64) -> Result<(), Stop> {
    let mut narrow = features();
    narrow.remove(WasmFeatures::MEMORY64);
    let from = usize::try_from(offset).unwrap_or(usize::MAX);
    let mut reader = BinaryReader::new_features(bytes.get(from..).unwrap_or_default(), offset, narrow);
    reader.read::<T>()?;
    Ok(())
}
