//! The records of a PAX extended header (POSIX.1-2001, `pax` interchange format), read
//! strictly: readers that disagree about them see different archives in the same bytes.

use super::UnboxError;

/// The records that change what an entry is; all others are passed over.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extension {
    pub(super) path: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
}

pub(super) fn parse(mut data: &[u8]) -> Result<Extension, UnboxError> {
    let mut extension = Extension::default();
    while !data.is_empty() {
        let (record, rest) = split_record(data).ok_or_else(|| damaged("a record is malformed"))?;
        data = rest;
        let equals = record.iter().position(|byte| *byte == b'=');
        let Some((key, value)) = equals.map(|at| (&record[..at], &record[at + 1..])) else {
            return Err(damaged("a record has no value"));
        };
        match key {
            // Where one reader ends a name at the NUL, another goes on.
            b"path" if value.contains(&0) => return Err(damaged("a path holds a NUL")),
            b"path" => set(&mut extension.path, value.to_vec(), "path")?,
            b"size" => {
                let size = decimal(value).ok_or_else(|| damaged("a size is not a number"))?;
                set(&mut extension.size, size, "size")?;
            }
            _ if key.starts_with(b"GNU.sparse.") => {
                return Err(UnboxError::Unsupported {
                    format: "a sparse tar archive",
                    advice: "pack it again without --sparse",
                });
            }
            _ => {}
        }
    }
    Ok(extension)
}

fn set<T: PartialEq>(slot: &mut Option<T>, value: T, what: &str) -> Result<(), UnboxError> {
    if slot.as_ref().is_some_and(|old| *old != value) {
        return Err(damaged(&format!("a {what} is given twice")));
    }
    *slot = Some(value);
    Ok(())
}

/// `"<length> <key>=<value>\n"`, where the length counts the whole record, itself included.
fn split_record(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = data.iter().take(20).position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&data[..space])?).ok()?;
    if length > data.len() || length <= space + 1 {
        return None;
    }
    let (record, rest) = data.split_at(length);
    let body = record[space + 1..].strip_suffix(b"\n")?;
    Some((body, rest))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn damaged(what: &str) -> UnboxError {
    UnboxError::corrupt(format!("tar extended header: {what}"))
}
