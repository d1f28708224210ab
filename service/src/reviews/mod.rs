//! Reviews: a request for one action on one release, bound to digest and revision, decided
//! by people who have no part in the work, consumed once. `publication` does what was
//! approved; nothing here changes a release.
pub mod acts;
pub mod checks;
pub mod decide;
pub mod http;
pub mod queue;
pub mod submit;
pub mod view;

use crate::{db::WriteTxn, error::Result, state::State};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use tamis_entities::{review, value::ReviewState};
use uuid::Uuid;

pub const OPEN: [ReviewState; 5] = [
    ReviewState::Checking,
    ReviewState::BlockedByChecks,
    ReviewState::InReview,
    ReviewState::ChangesRequested,
    ReviewState::Approved,
];

/// Whose reviews.
pub enum Scope {
    Release(Uuid),
    Filter(Uuid),
}

/// Ends the open reviews of something that has changed under them.
pub async fn supersede_open(state: &State, txn: &WriteTxn<'_>, scope: Scope) -> Result<()> {
    let of = match scope {
        Scope::Release(id) => review::Column::ReleaseId.eq(id),
        Scope::Filter(id) => review::Column::FilterId.eq(id),
    };
    review::Entity::update_many()
        .col_expr(review::Column::State, Expr::value(ReviewState::Superseded))
        .col_expr(review::Column::UpdatedAt, Expr::value(state.clock.now()))
        .filter(of)
        .filter(review::Column::State.is_in(OPEN))
        .exec(&**txn)
        .await?;
    Ok(())
}
