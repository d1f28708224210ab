//! How counts look from outside.
use serde::{Deserialize, Serialize};
use tamis_entities::value::{CountKind, Day, Version};
use utoipa::{IntoParams, ToSchema};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountsBy {
    #[default]
    Day,
    /// From Monday to Sunday.
    Week,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CountsQuery {
    /// The first day, in UTC; without it the 30 days until `to`.
    pub from: Option<Day>,
    /// The last day, in UTC; without it today. At most 366 days in all.
    pub to: Option<Day>,
    #[param(inline)]
    pub by: Option<CountsBy>,
    /// Of this release alone.
    pub version: Option<Version>,
}

/// Numbers of one span. Nothing is kept of who it was.
#[derive(Clone, Default, Serialize, ToSchema)]
pub struct Counted {
    /// Modules that were sent whole, or from their first byte, by name or by digest.
    pub downloads: i64,
    pub clones: i64,
    /// By clients of the OCI registry.
    pub pulls: i64,
    /// Any of these while the release was not published; shown to insiders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unpublished: Option<i64>,
}

impl Counted {
    pub fn none(insider: bool) -> Self {
        Self { unpublished: insider.then_some(0), ..Self::default() }
    }

    pub fn add(&mut self, kind: CountKind, count: i64) {
        match kind {
            CountKind::Download => self.downloads += count,
            CountKind::Clone => self.clones += count,
            CountKind::Pull => self.pulls += count,
            CountKind::Unpublished => self.unpublished = self.unpublished.map(|n| n + count),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct CountedSpan {
    /// Its first day; of a week the Monday, even if that is before `from`.
    pub day: Day,
    #[serde(flatten)]
    pub counted: Counted,
}

/// How often releases of a filter were used, as far as the caller may see them.
#[derive(Serialize, ToSchema)]
pub struct CountsView {
    pub from: Day,
    pub to: Day,
    pub by: CountsBy,
    pub total: Counted,
    /// Every day or week of the range in order, those without a count too.
    pub items: Vec<CountedSpan>,
}
