//! Who looks after a target: one worker at a time, by the target's row. The epoch grows with each, so that one
//! who was stopped and woken finds that its time is over before it sends or writes anything.
use crate::{error::Result, state::State};
use sea_orm::{ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, sea_query::Expr};
use std::time::Duration;
use tamis_entities::{target, value::Timestamp};
use uuid::Uuid;

pub struct Held {
    pub target: Uuid,
    pub epoch: i64,
}

/// Longer than one answer takes, so that it is renewed between any two of them.
pub fn span(state: &State) -> Duration {
    Duration::from_millis(2 * state.serve.deploy.target_timeout_ms + 3_000)
}

/// The target, for this worker alone; None while somebody else has it.
pub async fn take(state: &State, id: Uuid) -> Result<Option<(target::Model, Held)>> {
    let now = state.clock.now();
    let free =
        Condition::any().add(target::Column::LeaseUntil.is_null()).add(target::Column::LeaseUntil.lt(now));
    let txn = state.db.begin_write().await?;
    let taken = target::Entity::update_many()
        .col_expr(target::Column::LeaseUntil, Expr::value(now.plus(span(state))))
        .col_expr(target::Column::Epoch, Expr::col(target::Column::Epoch).add(1))
        .filter(target::Column::Id.eq(id))
        .filter(free)
        .exec_with_returning(&*txn)
        .await?;
    txn.commit().await?;
    Ok(taken.into_iter().next().map(|row| {
        let held = Held { target: row.id, epoch: row.epoch };
        (row, held)
    }))
}

impl Held {
    pub fn still(&self) -> Condition {
        Condition::all().add(target::Column::Id.eq(self.target)).add(target::Column::Epoch.eq(self.epoch))
    }

    /// For another while; false when it is over.
    pub async fn renew(&self, state: &State) -> Result<bool> {
        let until: Timestamp = state.clock.now().plus(span(state));
        let txn = state.db.begin_write().await?;
        let mine = target::Entity::update_many()
            .col_expr(target::Column::LeaseUntil, Expr::value(until))
            .filter(self.still())
            .exec(&*txn)
            .await?;
        txn.commit().await?;
        Ok(mine.rows_affected > 0)
    }
}
