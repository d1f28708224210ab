//! A day in UTC: days since the Unix epoch in the database, `2026-01-31` in JSON.
use super::{Invalid, Timestamp};
use chrono::{DateTime, NaiveDate, Utc};
use std::{borrow::Cow, fmt, str::FromStr};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sea_orm::DeriveValueType)]
pub struct Day(pub i64);

const SECONDS: i64 = 86_400;

impl Day {
    pub fn of(at: Timestamp) -> Self {
        Self(at.0.div_euclid(SECONDS * 1_000_000))
    }

    /// The Monday of its week; the epoch was a Thursday.
    pub fn monday(self) -> Self {
        Self(self.0 - (self.0 + 3).rem_euclid(7))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::<Utc>::from_timestamp(self.0.saturating_mul(SECONDS), 0) {
            Some(at) => write!(f, "{}", at.format("%Y-%m-%d")),
            None => write!(f, "{}d", self.0),
        }
    }
}

impl FromStr for Day {
    type Err = Invalid;

    /// Four digits of the year, two of the month, two of the day; nothing shorter or longer.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid("a day is written year-month-day, e.g. 2026-01-31".into());
        if text.len() != 10 || text.starts_with(['+', '-']) {
            return Err(wrong());
        }
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| wrong())?;
        Ok(Self(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp().div_euclid(SECONDS)))
    }
}

impl serde::Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Day {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .into()
    }
}
impl utoipa::ToSchema for Day {
    fn name() -> Cow<'static, str> {
        "Day".into()
    }
}
