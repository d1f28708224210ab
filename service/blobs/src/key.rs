//! The only names objects ever get: digest plus a generation that the server counts.
//! Text from a user cannot become a key, so no key can point outside the store.

use std::fmt;

use crate::BlobError;

const ROOT: &str = "modules/sha256/";
const HEX: usize = 64;

/// `modules/sha256/ab/<64 hex>.<generation>`. A digest that is stored again while an older object of it
/// waits to be deleted gets the next generation, so that the late delete hits nothing alive.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobKey {
    text: String,
    generation: i64,
}

impl BlobKey {
    /// `sha256_hex` is 64 lower-case hexadecimal digits, `generation` is not negative.
    pub fn module(sha256_hex: &str, generation: i64) -> Result<Self, BlobError> {
        let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if sha256_hex.len() != HEX || !sha256_hex.bytes().all(lower_hex) {
            return Err(BlobError::Internal("an object key needs 64 lower-case hexadecimal digits".into()));
        }
        if generation < 0 {
            return Err(BlobError::Internal("the generation of an object key is never negative".into()));
        }
        let shard = &sha256_hex[..2];
        Ok(Self { text: format!("{ROOT}{shard}/{sha256_hex}.{generation}"), generation })
    }

    /// The key with this exact name, if it is one that [`BlobKey::module`] makes.
    pub fn parse(name: &str) -> Option<Self> {
        let (_shard, file) = name.strip_prefix(ROOT)?.split_once('/')?;
        let (sha256_hex, generation) = file.split_once('.')?;
        let key = Self::module(sha256_hex, generation.parse().ok()?).ok()?;
        // One spelling per key: `+1`, `01` or a wrong shard directory are not ours.
        (key.text == name).then_some(key)
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The digest as 64 hexadecimal digits.
    pub fn sha256(&self) -> &str {
        let start = ROOT.len() + 3;
        &self.text[start..start + HEX]
    }

    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// The directory below the root that the local store keeps the object in.
    pub(crate) fn directory(&self) -> &str {
        &self.text[..ROOT.len() + 2]
    }

    /// Refuses a put of other bytes than those that the key names.
    pub(crate) fn names(&self, sha256: &[u8; 32]) -> Result<(), BlobError> {
        if self.sha256() == hex::encode(sha256) {
            return Ok(());
        }
        Err(BlobError::Internal(format!("{self} is not the key of sha256:{}", hex::encode(sha256))))
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobKey({})", self.text)
    }
}
