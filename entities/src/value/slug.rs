//! Handles and filter names: `[a-z0-9]+([._-][a-z0-9]+)*`, 1-64 characters.
use super::Invalid;
use std::{borrow::Cow, fmt, str::FromStr};

/// First path segments in use, and words that would read as authority.
pub const RESERVED: &[&str] = &[
    "admin",
    "api",
    "assets",
    "capabilities",
    "catalog",
    "deployments",
    "device",
    "docs",
    "events",
    "feed.atom",
    "filters",
    "ghost",
    "health",
    "identity",
    "introspect",
    "keys",
    "login",
    "logout",
    "me",
    "metrics",
    "modules",
    "my",
    "new",
    "oauth2",
    "openapi.json",
    "preferences",
    "problems",
    "refresh",
    "reviews",
    "revoke",
    "seed",
    "seed-review",
    "sign-in",
    "static",
    "system",
    "tamis",
    "teams",
    "tokens",
    "v2",
    "wasm",
    "well-known",
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, sea_orm::DeriveValueType)]
#[sea_orm(value_type = "String")]
pub struct Slug(String);

impl Slug {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Two names with one skeleton look alike to a reader (Unicode TR 39), and so do two
    /// that differ only in separators: `foo-bar`, `foo_bar` and `foo.bar` are one name.
    pub fn skeleton(&self) -> String {
        let separators_alike = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        unicode_security::skeleton(&self.0).map(separators_alike).collect()
    }

    /// Stands for somebody whose account is gone; reserved, so nobody can take it.
    pub fn ghost() -> Self {
        Self("ghost".to_owned())
    }

    /// A reserved word, or a name that would be mistaken for one.
    pub fn is_reserved(&self) -> bool {
        let skeleton = self.skeleton();
        RESERVED.iter().any(|word| Self((*word).to_owned()).skeleton() == skeleton)
    }
}

/// A text key, never a number; sea-orm asks this of every primary key.
impl sea_orm::TryFromU64 for Slug {
    fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
        Err(sea_orm::DbErr::ConvertFromU64("Slug"))
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Slug {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let parts_ok = text.split(['.', '_', '-']).all(|part| !part.is_empty() && part.bytes().all(plain));
        if text.len() <= 64 && parts_ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid(
                "a name is 1-64 lower-case letters and digits, with single `.`, `_` or `-` between them"
                    .into(),
            ))
        }
    }
}

impl serde::Serialize for Slug {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Slug {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Slug {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some("^[a-z0-9]+([._-][a-z0-9]+)*$"))
            .min_length(Some(1))
            .max_length(Some(64))
            .into()
    }
}
impl utoipa::ToSchema for Slug {
    fn name() -> Cow<'static, str> {
        "Name".into()
    }
}
