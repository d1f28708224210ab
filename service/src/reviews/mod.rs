//! Reviews: a request for one action on one release, bound to digest and revision, decided
//! by people who have no part in the work, consumed once. `publication` does what was
//! approved; nothing here changes a release.
pub mod act;
pub mod act_http;
pub mod acts;
pub mod alone;
pub mod appeal;
mod beside;
pub mod checklist;
pub mod checks;
pub mod decide;
pub mod detail;
pub mod history;
pub mod http;
pub mod many;
pub mod moves;
pub mod policy;
pub mod queue;
pub mod reasons;
pub mod release;
pub mod submit;
pub mod summary;
pub mod times;
pub mod trust;
pub mod view;
pub mod window;
pub mod words;

pub use moves::{OPEN, WAITING};

use crate::{db::WriteTxn, error::Result, state::State};
use sea_orm::ColumnTrait;
use tamis_entities::{review, value::ReviewState};
use uuid::Uuid;

/// Whose reviews.
pub enum Scope {
    Release(Uuid),
    Filter(Uuid),
}

impl Scope {
    fn rows(&self) -> sea_orm::sea_query::Expr {
        match self {
            Self::Release(id) => review::Column::ReleaseId.eq(*id),
            Self::Filter(id) => review::Column::FilterId.eq(*id),
        }
    }
}

/// Ends the open reviews of something that has changed under them.
pub async fn supersede_open(
    state: &State,
    txn: &WriteTxn<'_>,
    scope: Scope,
    reason: &'static str,
) -> Result<()> {
    act::supersede(state, txn, scope.rows(), OPEN, reason).await
}

/// What is said of it has changed. Reviews that wait for just that stay open until they are
/// submitted again; whoever was asked about the old words is asked no more.
pub async fn supersede_revised(state: &State, txn: &WriteTxn<'_>, scope: Scope) -> Result<()> {
    let asked: Vec<ReviewState> = OPEN.iter().copied().filter(|s| !WAITING.contains(s)).collect();
    act::supersede(state, txn, scope.rows(), &asked, "what is said of the release has changed").await
}
