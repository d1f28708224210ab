//! The secret in a capability URL: the row's id and a signature over it, both of fixed length. Whoever
//! reads the database's rows alone cannot make one. Knows nothing of what it opens.
use crate::{
    error::{Error, Result},
    state::State,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{EntityTrait, Linked, RelationDef};
use tamis_entities::{capability_url, release};
use uuid::Uuid;

/// Sets this signature apart from others with the same secret.
const PURPOSE: &[u8; 32] = b"tamis capability url, version 1\0";
const MAC_BYTES: usize = 24;

fn mac(secret: &[u8; 32], id: Uuid) -> Result<Hmac<sha2::Sha256>> {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret).map_err(|e| Error::internal(e.to_string()))?;
    mac.update(PURPOSE);
    mac.update(id.as_bytes());
    Ok(mac)
}

fn write(secret: &[u8; 32], id: Uuid) -> Result<String> {
    let mut bytes = id.as_bytes().to_vec();
    bytes.extend_from_slice(&mac(secret, id)?.finalize().into_bytes()[..MAC_BYTES]);
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn check(secret: &[u8; 32], key: &str) -> Result<Option<Uuid>> {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(key) else { return Ok(None) };
    let Some((id, given)) = bytes.split_first_chunk::<16>() else { return Ok(None) };
    let id = Uuid::from_bytes(*id);
    let right = given.len() == MAC_BYTES && mac(secret, id)?.verify_truncated_left(given).is_ok();
    Ok(right.then_some(id))
}

/// The whole URL.
pub fn url(state: &State, row: &capability_url::Model) -> Result<String> {
    Ok(format!("{}/modules/private/{}.wasm", state.public_url, write(&state.secret, row.id)?))
}

/// The id of a key that we made.
pub fn read(state: &State, key: &str) -> Result<Option<Uuid>> {
    check(&state.secret, key)
}

/// From a capability URL to what it opens.
pub struct ToRelease;

impl Linked for ToRelease {
    type FromEntity = capability_url::Entity;
    type ToEntity = release::Entity;

    fn link(&self) -> Vec<RelationDef> {
        let to = capability_url::Entity::belongs_to(release::Entity)
            .from(capability_url::Column::ReleaseId)
            .to(release::Column::Id);
        vec![to.into()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_one_row_of_one_instance_and_no_flipped_letter_passes() -> Result<()> {
        let (secret, id) = ([7; 32], Uuid::from_u128(1));
        let key = write(&secret, id)?;
        assert_eq!(check(&secret, &key)?, Some(id));
        assert_eq!(check(&[8; 32], &key)?, None);
        assert_ne!(key, write(&secret, Uuid::from_u128(2))?);
        for at in 0..key.len() {
            let mut letters = key.clone().into_bytes();
            letters[at] = if letters[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(check(&secret, &String::from_utf8_lossy(&letters))?, None, "{at}");
        }
        for other in ["", "AAAA", &key[..40], &format!("{key}AAAA")] {
            assert_eq!(check(&secret, other)?, None, "{other}");
        }
        Ok(())
    }
}
