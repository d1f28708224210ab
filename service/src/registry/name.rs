//! The words of the protocol as values: repository names, digests, tags. A name is that of a
//! filter, or the same below `wasm/`. Knows no database.
use std::{fmt, str::FromStr};
use tamis_entities::value::{Sha256, Slug, Version};

/// The prefix below which wasm tools find a filter.
pub const WASM: &str = "wasm/";

/// A repository as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Below `wasm/`: other tags of the same repository.
    pub wasm: bool,
    pub namespace: Slug,
    pub filter: Slug,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.wasm { WASM } else { "" };
        write!(f, "{prefix}{}/{}", self.namespace, self.filter)
    }
}

impl FromStr for Name {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (wasm, rest) = match text.strip_prefix(WASM) {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (namespace, filter) = rest.split_once('/').ok_or(())?;
        let slug = |text: &str| text.parse::<Slug>().map_err(drop);
        Ok(Self { wasm, namespace: slug(namespace)?, filter: slug(filter)? })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Sha256,
    Sha512,
}

/// `algorithm:hex` of one of the two algorithms that the specification registers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Digest(String);

impl Digest {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn algorithm(&self) -> Algorithm {
        if self.0.starts_with("sha512:") { Algorithm::Sha512 } else { Algorithm::Sha256 }
    }

    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        use sha2::Digest;
        Self(match algorithm {
            Algorithm::Sha256 => format!("sha256:{}", hex::encode(sha2::Sha256::digest(bytes))),
            Algorithm::Sha512 => format!("sha512:{}", hex::encode(sha2::Sha512::digest(bytes))),
        })
    }

    /// The tag under which referrers are listed for registries without that list.
    pub fn fallback_tag(&self) -> String {
        let (algorithm, hex) = self.0.split_once(':').unwrap_or_default();
        format!("{algorithm}-{}", hex.get(..64).unwrap_or(hex))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&Sha256> for Digest {
    fn from(sha256: &Sha256) -> Self {
        Self(sha256.digest())
    }
}

impl FromStr for Digest {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (algorithm, hex) = text.split_once(':').ok_or(())?;
        let length = match algorithm {
            "sha256" => 64,
            "sha512" => 128,
            _ => return Err(()),
        };
        let lower = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        match hex.len() == length && hex.bytes().all(lower) {
            true => Ok(Self(text.to_owned())),
            false => Err(()),
        }
    }
}

/// What a manifest is asked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    Digest(Digest),
    Tag(String),
}

/// A name for a manifest: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
pub fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let first = text.bytes().next().is_some_and(word);
    first && text.len() <= 128 && text.bytes().all(|b| word(b) || b == b'.' || b == b'-')
}

impl FromStr for Reference {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text.contains(':') {
            true => text.parse().map(Self::Digest),
            false if is_tag(text) => Ok(Self::Tag(text.to_owned())),
            false => Err(()),
        }
    }
}

/// The version that a tag names: `1.2.3` and `v1.2.3` are the same.
pub fn version_of(tag: &str) -> Option<Version> {
    tag.strip_prefix('v').unwrap_or(tag).parse().ok()
}

/// `1.2`, which stands for the newest `1.2.*`.
pub fn minor_of(tag: &str) -> Option<(u64, u64)> {
    let (major, minor) = tag.split_once('.')?;
    let number = |text: &str| {
        let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
        text.parse::<u64>().ok().filter(|_| plain)
    };
    Some((number(major)?, number(minor)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_two_parts_or_wasm_before_them() {
        let name: Name = "acme/guard".parse().unwrap();
        assert!(!name.wasm && name.to_string() == "acme/guard");
        let name: Name = "wasm/acme/guard".parse().unwrap();
        assert!(name.wasm && name.to_string() == "wasm/acme/guard");
        for bad in ["", "guard", "a/b/c", "wasm/a/b/c", "A/b", "a/b/", "/a/b", "a//b", "a/b:c"] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
    }

    #[test]
    fn digests_are_of_two_algorithms_and_in_lower_case() {
        assert!(format!("sha256:{}", "a".repeat(64)).parse::<Digest>().is_ok());
        assert!(format!("sha512:{}", "0".repeat(128)).parse::<Digest>().is_ok());
        for bad in [
            "sha256:baddigeststring",
            "sha256:",
            &format!("sha256:{}", "A".repeat(64)),
            &format!("sha512:{}", "a".repeat(64)),
            &format!("md5:{}", "a".repeat(32)),
        ] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
        let long = Digest::of(Algorithm::Sha512, b"x");
        assert_eq!(long.fallback_tag().len(), "sha512-".len() + 64);
    }

    #[test]
    fn tags_and_what_they_stand_for() {
        assert!(is_tag("v1.2.3-rc.1_x") && is_tag(&"a".repeat(128)));
        assert!(!is_tag(".a") && !is_tag("") && !is_tag(&"a".repeat(129)) && !is_tag("a/b") && !is_tag("é"));
        assert_eq!(version_of("v1.2.3").unwrap().as_str(), "1.2.3");
        assert!(
            version_of("1.2").is_none() && version_of("latest").is_none() && version_of("vv1.2.3").is_none()
        );
        assert_eq!(minor_of("1.20"), Some((1, 20)));
        assert!(minor_of("1.02").is_none() && minor_of("1.2.3").is_none() && minor_of("v1.2").is_none());
    }
}
