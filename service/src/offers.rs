//! Offers: rows that wait for one answer, are open until they are answered, withdrawn or too old,
//! and end once. Knows not what is offered, nor who may answer.
use crate::{db::WriteTxn, error::Result};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, sea_query::Expr};
use std::time::Duration;
use tamis_entities::{filter_transfer, team_invitation, value::Timestamp};

pub const LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// A table of offers.
pub trait Offer: EntityTrait {
    const EXPIRES_AT: Self::Column;
    const ENDED_AT: Self::Column;
}

impl Offer for team_invitation::Entity {
    const EXPIRES_AT: Self::Column = team_invitation::Column::ExpiresAt;
    const ENDED_AT: Self::Column = team_invitation::Column::EndedAt;
}

impl Offer for filter_transfer::Entity {
    const EXPIRES_AT: Self::Column = filter_transfer::Column::ExpiresAt;
    const ENDED_AT: Self::Column = filter_transfer::Column::EndedAt;
}

pub fn open<O: Offer>(now: Timestamp) -> Condition {
    Condition::all().add(O::ENDED_AT.is_null()).add(O::EXPIRES_AT.gt(now))
}

/// Ends those that are still open; whether there were any. Whoever ends one has answered it.
pub async fn end<O: Offer>(txn: &WriteTxn<'_>, of: Condition, now: Timestamp) -> Result<bool> {
    let ended = O::update_many().col_expr(O::ENDED_AT, Expr::value(now)).filter(of).filter(open::<O>(now));
    Ok(ended.exec(&**txn).await?.rows_affected > 0)
}
