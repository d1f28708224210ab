//! What a token may do. The role of its owner may allow more; a token never does.
use super::{Invalid, Role};
use std::{borrow::Cow, collections::BTreeSet, fmt, str::FromStr};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    FiltersRead,
    FiltersWrite,
    /// Upload drafts, and nothing else of what `FiltersWrite` allows.
    ReleasesStage,
    ReviewsVote,
    TeamsWrite,
    /// Say what targets are to hold.
    DeploymentsWrite,
    TokensWrite,
    Admin,
}

impl Scope {
    pub const ALL: [Scope; 8] = [
        Scope::FiltersRead,
        Scope::FiltersWrite,
        Scope::ReleasesStage,
        Scope::ReviewsVote,
        Scope::TeamsWrite,
        Scope::DeploymentsWrite,
        Scope::TokensWrite,
        Scope::Admin,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Scope::FiltersRead => "filters:read",
            Scope::FiltersWrite => "filters:write",
            Scope::ReleasesStage => "releases:stage",
            Scope::ReviewsVote => "reviews:vote",
            Scope::TeamsWrite => "teams:write",
            Scope::DeploymentsWrite => "deployments:write",
            Scope::TokensWrite => "tokens:write",
            Scope::Admin => "admin",
        }
    }

    pub fn allowed_to(self, role: Role) -> bool {
        match self {
            Scope::Admin => role == Role::Admin,
            Scope::ReviewsVote => role >= Role::Curator,
            _ => true,
        }
    }
}

impl FromStr for Scope {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        Scope::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| {
            let known: Vec<_> = Scope::ALL.iter().map(|s| s.as_str()).collect();
            Invalid(format!("unknown scope `{text}`; the scopes are {}", known.join(", ")))
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Scope {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Scope {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .enum_values(Some(Scope::ALL.map(Scope::as_str)))
            .into()
    }
}
impl utoipa::ToSchema for Scope {
    fn name() -> Cow<'static, str> {
        "Scope".into()
    }
}

/// A set of scopes, stored as words between spaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, sea_orm::DeriveValueType)]
#[sea_orm(value_type = "String")]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Everything that a person of this role may do.
    pub fn of_role(role: Role) -> Self {
        Scope::ALL.into_iter().filter(|s| s.allowed_to(role)).collect()
    }

    /// The most that a robot or a limited token may do: nothing that speaks for a person as a
    /// whole, and nothing that makes further access.
    pub fn of_machine() -> Self {
        let part = [Scope::FiltersRead, Scope::FiltersWrite, Scope::ReleasesStage, Scope::DeploymentsWrite];
        part.into_iter().collect()
    }

    /// Those that are in both.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).copied().collect())
    }

    pub fn has_any(&self, scopes: &[Scope]) -> bool {
        scopes.iter().any(|scope| self.has(*scope))
    }

    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|s| s.as_str()).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Scopes {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.split_whitespace().map(str::parse).collect()
    }
}
