//! A release's version: SemVer 2.0.0 without build metadata, at most 64 characters.
use super::Invalid;
use std::{borrow::Cow, fmt, str::FromStr};

#[derive(Clone, Debug, PartialEq, Eq, Hash, sea_orm::DeriveValueType)]
#[sea_orm(value_type = "String")]
pub struct Version(String);

impl Version {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For comparing by precedence; parsing succeeded once, so it does again.
    pub fn semver(&self) -> semver::Version {
        semver::Version::parse(&self.0).unwrap_or(semver::Version::new(0, 0, 0))
    }

    pub fn is_prerelease(&self) -> bool {
        !self.semver().pre.is_empty()
    }

    /// The highest is what people mean who name no version: the newest that is no pre-release, or else the newest.
    pub fn rank(&self) -> (bool, semver::Version) {
        let version = self.semver();
        (version.pre.is_empty(), version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Version {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let why = "a version is SemVer such as 1.2.3 or 2.0.0-rc.1, without `v` and without `+build`, at most 64 characters";
        if text.len() > 64 {
            return Err(Invalid(why.into()));
        }
        let parsed = semver::Version::parse(text).map_err(|e| Invalid(format!("{why} ({e})")))?;
        if parsed.build.is_empty() { Ok(Self(text.to_owned())) } else { Err(Invalid(why.into())) }
    }
}

impl serde::Serialize for Version {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Version {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Version {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some(r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$"))
            .max_length(Some(64))
            .into()
    }
}
impl utoipa::ToSchema for Version {
    fn name() -> Cow<'static, str> {
        "Version".into()
    }
}
