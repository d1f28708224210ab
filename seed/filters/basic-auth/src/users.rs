//! Who may pass: names with salted digests. Knows nothing of the proxy.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use sha2::{Digest, Sha256};

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub users: Vec<UserSettings>,
    pub realm: String,
    pub user_header: String,
    pub strip_authorization: bool,
    pub skip_paths: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserSettings {
    name: String,
    salt: String,
    /// Hex of SHA-256(salt, password).
    sha256: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            users: Vec::new(),
            realm: "restricted".to_owned(),
            user_header: "x-authenticated-user".to_owned(),
            strip_authorization: true,
            skip_paths: Vec::new(),
        }
    }
}

pub struct Users(Vec<User>);

struct User {
    name: String,
    salt: String,
    digest: [u8; 32],
}

impl Users {
    pub fn new(settings: &[UserSettings]) -> Result<Self, String> {
        let mut users: Vec<User> = Vec::with_capacity(settings.len());
        for user in settings {
            if user.name.is_empty() || user.name.contains(':') || !guest::is_value(&user.name) {
                return Err(format!("the user name `{}` must be printable ASCII without colons", user.name));
            }
            if user.salt.len() < 8 {
                return Err(format!("the salt of `{}` must have at least 8 characters", user.name));
            }
            if users.iter().any(|other| other.name == user.name) {
                return Err(format!("the user `{}` is there twice", user.name));
            }
            let digest = unhex(&user.sha256)
                .ok_or_else(|| format!("the sha256 of `{}` must be 64 hex digits", user.name))?;
            users.push(User { name: user.name.clone(), salt: user.salt.clone(), digest });
        }
        Ok(Self(users))
    }

    /// The user that an Authorization value proves to be.
    ///
    /// An unknown name costs one hash too, so that the time does not tell which names exist.
    pub fn authenticate(&self, value: &str) -> Option<&str> {
        let (scheme, encoded) = value.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = BASE64_STANDARD.decode(encoded.trim_start()).ok()?;
        let colon = decoded.iter().position(|byte| *byte == b':')?;
        let (name, password) = (&decoded[..colon], &decoded[colon + 1..]);
        let user = self.0.iter().find(|user| user.name.as_bytes() == name);
        let salt = user.map_or("no such user", |user| user.salt.as_str());
        let digest = Sha256::new().chain_update(salt).chain_update(password).finalize();
        let user = user?;
        let difference = digest.iter().zip(&user.digest).fold(0, |sum, (a, b)| sum | (a ^ b));
        (std::hint::black_box(difference) == 0).then_some(user.name.as_str())
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = (pair[0] as char).to_digit(16)?;
        let low = (pair[1] as char).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// printf '%s' 'pepper12open sesame' | sha256sum
    const DIGEST: &str = "6a8e875b98574a2f208e00ae11370470fe65bdeeb35bb5a2f69f92b503498fb4";

    fn users(name: &str, sha256: &str) -> Result<Users, String> {
        Users::new(&[UserSettings { name: name.into(), salt: "pepper12".into(), sha256: sha256.into() }])
    }

    fn basic(credentials: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(credentials))
    }

    #[test]
    fn only_the_right_password_of_a_known_user_passes() {
        let users = users("ali", DIGEST).unwrap();
        assert_eq!(users.authenticate(&basic("ali:open sesame")), Some("ali"));
        assert_eq!(users.authenticate(&basic("ali:open sesam")), None);
        assert_eq!(users.authenticate(&basic("ali:")), None);
        assert_eq!(users.authenticate(&basic("cassim:open sesame")), None);
    }

    #[test]
    fn other_schemes_and_broken_base64_do_not_pass() {
        let users = users("ali", DIGEST).unwrap();
        for value in ["", "Basic", "Basic !!!", "Bearer YWxpOm9wZW4gc2VzYW1l", "YWxpOm9wZW4gc2VzYW1l"] {
            assert_eq!(users.authenticate(value), None, "{value}");
        }
        assert_eq!(users.authenticate(&basic("ali")), None);
    }

    #[test]
    fn names_with_colons_and_digests_of_the_wrong_length_are_refused() {
        assert!(users("a:b", DIGEST).is_err());
        assert!(users("ali", &DIGEST[1..]).is_err());
        assert!(users("ali", &DIGEST.replace('a', "g")).is_err());
    }
}
