//! Named leases: at most one holder, renewed by its holder, taken over when it lapses.
//! `epoch` grows with each holder, so that one woken late can be told apart.
use crate::{error::Result, state::State};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter,
    sea_query::Expr,
};
use std::{sync::OnceLock, time::Duration};
use tamis_entities::{lease, value::Timestamp};
use uuid::Uuid;

/// This process, for as long as it lives.
pub fn holder() -> Uuid {
    static HOLDER: OnceLock<Uuid> = OnceLock::new();
    *HOLDER.get_or_init(Uuid::now_v7)
}

/// Takes or renews the lease; false when somebody else has it.
pub async fn hold(state: &State, name: &str, span: Duration) -> Result<bool> {
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    let fresh = lease::ActiveModel {
        name: Set(name.to_owned()),
        holder: Set(holder()),
        until: Set(now.plus(span)),
        epoch: Set(1),
    };
    let conflict = sea_orm::sea_query::OnConflict::column(lease::Column::Name).do_nothing().to_owned();
    let made = lease::Entity::insert(fresh).on_conflict(conflict).exec_without_returning(&*txn).await?;
    let mut held = made > 0;
    if !held {
        let mine = lease::Entity::update_many()
            .col_expr(lease::Column::Until, Expr::value(now.plus(span)))
            .filter(lease::Column::Name.eq(name))
            .filter(lease::Column::Holder.eq(holder()))
            .exec(&*txn)
            .await?;
        held = mine.rows_affected > 0;
    }
    if !held {
        let taken = lease::Entity::update_many()
            .col_expr(lease::Column::Until, Expr::value(now.plus(span)))
            .col_expr(lease::Column::Holder, Expr::value(holder()))
            .col_expr(lease::Column::Epoch, Expr::col(lease::Column::Epoch).add(1))
            .filter(Condition::all().add(lease::Column::Name.eq(name)).add(lease::Column::Until.lt(now)))
            .exec(&*txn)
            .await?;
        held = taken.rows_affected > 0;
    }
    txn.commit().await?;
    Ok(held)
}

/// Whether anybody has it.
pub async fn is_held<C: ConnectionTrait>(db: &C, name: &str, now: Timestamp) -> Result<bool> {
    let row = lease::Entity::find_by_id(name.to_owned()).one(db).await?;
    Ok(row.is_some_and(|row| row.until > now))
}

/// Gives a lease back early.
pub async fn end(state: &State, name: &str) -> Result<()> {
    let txn = state.db.begin_write().await?;
    lease::Entity::delete_many()
        .filter(lease::Column::Name.eq(name))
        .filter(lease::Column::Holder.eq(holder()))
        .exec(&*txn)
        .await?;
    txn.commit().await
}
