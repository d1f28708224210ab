//! Which key verifies tokens, if any: from the configuration or from the environment.

use serde::Deserialize;

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verify {
    #[default]
    Hs256,
    /// Something in front has verified the token already.
    None,
}

#[derive(Debug)]
pub enum Key {
    Hs256(Vec<u8>),
    Unverified,
}

impl Key {
    /// RFC 7518, section 3.2: a key of the hash's size or larger MUST be used.
    const SHORTEST: usize = 32;

    /// `None` means that no key is configured, so no token can be trusted.
    pub fn choose(
        verify: Verify,
        secret: Option<String>,
        secret_env: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, String> {
        let secret = match (verify, secret, secret_env) {
            (Verify::None, None, None) => return Ok(Some(Self::Unverified)),
            (Verify::None, _, _) => return Err("`verify` is none, so a secret has no use".to_owned()),
            (Verify::Hs256, Some(_), Some(_)) => {
                return Err("give `secret` or `secret_env`, not both".to_owned());
            }
            (Verify::Hs256, None, None) => return Ok(None),
            (Verify::Hs256, Some(secret), None) => secret,
            (Verify::Hs256, None, Some(name)) => variable(name)
                .ok_or_else(|| format!("the environment variable {name} is not passed to the VM"))?,
        };
        if secret.len() < Self::SHORTEST {
            return Err(format!("the secret must have at least {} bytes", Self::SHORTEST));
        }
        Ok(Some(Self::Hs256(secret.into_bytes())))
    }
}
