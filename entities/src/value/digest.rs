//! The SHA-256 that names a module (or hashes a revision). Stored as 64 hex digits,
//! shown as `sha256:<hex>`.
use super::Invalid;
use std::{borrow::Cow, fmt, str::FromStr};

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, sea_orm::DeriveValueType)]
#[sea_orm(value_type = "String")]
pub struct Sha256(String);

impl Sha256 {
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(hex::encode(bytes))
    }

    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest;
        Self::from_bytes(sha2::Sha256::digest(bytes).into())
    }

    /// The 64 lower-case hex digits.
    pub fn hex(&self) -> &str {
        &self.0
    }

    pub fn bytes(&self) -> [u8; 32] {
        let mut out = [0; 32];
        // Infallible: the constructors admit only 64 hex digits.
        let _ = hex::decode_to_slice(&self.0, &mut out);
        out
    }

    /// `sha256:<hex>`, the spelling of API and registries.
    pub fn digest(&self) -> String {
        format!("sha256:{}", self.0)
    }
}

/// The column form is the bare hex; the JSON form carries the algorithm.
impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Sha256 {
    type Err = Invalid;

    /// Accepts `sha256:<hex>` and `<hex>`, lower case only.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        if hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            Ok(Self(hex.to_owned()))
        } else {
            Err(Invalid("a digest is `sha256:` and 64 lower-case hex digits".into()))
        }
    }
}

impl serde::Serialize for Sha256 {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.digest())
    }
}

impl<'de> serde::Deserialize<'de> for Sha256 {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Sha256 {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some("^sha256:[0-9a-f]{64}$"))
            .description(Some("A SHA-256 digest: `sha256:` and 64 lower-case hex digits."))
            .into()
    }
}
impl utoipa::ToSchema for Sha256 {
    fn name() -> Cow<'static, str> {
        "Digest".into()
    }
}

/// A text key, never a number; sea-orm asks this of every primary key.
impl sea_orm::TryFromU64 for Sha256 {
    fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
        Err(sea_orm::DbErr::ConvertFromU64("Sha256"))
    }
}
