//! Secrets that are kept in order to be used again: sealed with a key that is not in the database, each for one
//! place, so that a row copied elsewhere opens nothing. Knows no table.
use crate::{
    clock,
    config::SealingKeys,
    error::{Error, Result},
};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::{
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};
use tamis_entities::{target::Sealed, value::Sha256};

/// The first seals, every one opens.
type Keys = Arc<Vec<(String, LessSafeKey)>>;

pub struct Sealer {
    given: Option<SealingKeys>,
    file: PathBuf,
    keys: OnceLock<Keys>,
}

impl Sealer {
    /// The keys of the operator, or one that is made in the data directory when the first secret comes.
    pub fn new(given: Option<SealingKeys>, data_dir: &Path) -> Self {
        Self { given, file: data_dir.join("sealing.key"), keys: OnceLock::new() }
    }

    fn keys(&self) -> Result<Keys> {
        if let Some(keys) = self.keys.get() {
            return Ok(keys.clone());
        }
        let raw = match &self.given {
            Some(keys) => keys.0.clone(),
            None => vec![own(&self.file)?],
        };
        let keys: Keys = Arc::new(raw.iter().map(key).collect::<Result<_>>()?);
        Ok(self.keys.get_or_init(|| keys).clone())
    }

    pub fn seal(&self, place: &str, secret: &str) -> Result<Sealed> {
        let keys = self.keys()?;
        let (id, key) = keys.first().ok_or_else(|| Error::internal("no sealing key"))?;
        let nonce = clock::random::<NONCE_LEN>()?;
        let mut bytes = secret.as_bytes().to_vec();
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place.as_bytes()),
            &mut bytes,
        )
        .map_err(|_| Error::internal("a secret could not be sealed"))?;
        Ok(Sealed(format!("{id}.{}", URL_SAFE_NO_PAD.encode([&nonce[..], &bytes].concat()))))
    }

    pub fn open(&self, place: &str, sealed: &Sealed) -> Result<String> {
        let keys = self.keys()?;
        let (id, text) = sealed.0.split_once('.').ok_or_else(|| damaged("it is cut short"))?;
        let known = keys.iter().find(|(known, _)| known == id);
        let (_, key) = known.ok_or_else(|| {
            damaged("it was sealed with a key that this server does not have; see --sealing-key")
        })?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| damaged("it is no base64"))?;
        let (nonce, sealed) =
            bytes.split_first_chunk::<NONCE_LEN>().ok_or_else(|| damaged("it is cut short"))?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = key
            .open_in_place(nonce, Aad::from(place.as_bytes()), &mut sealed)
            .map_err(|_| damaged("it was sealed for another place"))?;
        String::from_utf8(plain.to_vec()).map_err(|_| damaged("it is no text"))
    }
}

fn damaged(why: &str) -> Error {
    Error::conflict(
        "sealed-otherwise",
        format!("a stored credential cannot be opened: {why}; store it again"),
    )
}

fn key(raw: &[u8; 32]) -> Result<(String, LessSafeKey)> {
    let id: String = Sha256::of(raw).hex().chars().take(8).collect();
    let key =
        UnboundKey::new(&AES_256_GCM, raw).map_err(|_| Error::internal("a sealing key cannot be used"))?;
    Ok((id, LessSafeKey::new(key)))
}

/// The key in this file, which is made if there is none. Of two who make it at once, one is first.
fn own(file: &Path) -> Result<[u8; 32]> {
    if let Some(key) = read(file)? {
        return Ok(key);
    }
    let fresh = clock::random::<32>()?;
    let draft = file.with_extension(format!("key.{}", hex::encode(clock::random::<8>()?)));
    let mut out = std::fs::File::options().write(true).create_new(true).mode(0o600).open(&draft)?;
    out.write_all(hex::encode(fresh).as_bytes())?;
    out.sync_all()?;
    let linked = std::fs::hard_link(&draft, file);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => read(file)?.ok_or_else(|| Error::internal("the sealing key vanished")),
    }
}

fn read(file: &Path) -> Result<Option<[u8; 32]>> {
    let text = match std::fs::read_to_string(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        text => text?,
    };
    let mut key = [0; 32];
    hex::decode_to_slice(text.trim(), &mut key)
        .map_err(|_| Error::internal(format!("{} holds no sealing key", file.display())))?;
    Ok(Some(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_place_alone_and_with_a_former_key_too() -> Result<()> {
        let directory = tempfile::tempdir()?;
        let (old, new) = (hex::encode([1; 32]), hex::encode([2; 32]));
        let with = |keys: &str| Sealer::new(keys.parse().ok(), directory.path());
        let sealed = with(&old).seal("target 1 at https://a", "canary")?;
        assert!(!sealed.0.contains("canary") && !format!("{sealed:?}").contains(&sealed.0));
        let both = with(&format!("{new},{old}"));
        assert_eq!(both.open("target 1 at https://a", &sealed)?, "canary");
        assert_ne!(both.seal("x", "canary")?, both.seal("x", "canary")?);
        for (keys, place) in [(&old, "target 1 at https://b"), (&new, "target 1 at https://a")] {
            assert!(with(keys).open(place, &sealed).is_err());
        }
        for cut in 0..sealed.0.len() {
            assert!(with(&old).open("target 1 at https://a", &Sealed(sealed.0[..cut].into())).is_err());
        }
        Ok(())
    }

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir()?;
        let sealed = Sealer::new(None, directory.path()).seal("p", "s")?;
        assert_eq!(Sealer::new(None, directory.path()).open("p", &sealed)?, "s");
        let file = std::fs::metadata(directory.path().join("sealing.key"))?;
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path())?.count(), 1);
        Ok(())
    }
}
