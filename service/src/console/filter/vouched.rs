//! Who vouched for a release: the people whose votes published it.
use crate::{error::Result, state::State};
use sea_orm::{
    ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait},
};
use tamis_entities::{
    namespace, release, review, review_vote,
    value::{Decision, ReviewAction, ReviewState, Slug, Timestamp, Version},
};
use uuid::Uuid;

/// More than a quorum asks for.
const MOST: u64 = 20;

pub struct Vouched {
    /// `carl and dora`.
    pub names: String,
    /// When the last of them did.
    pub at: Timestamp,
}

/// The approvals that counted for the review which published it. None for what two people published without votes.
pub async fn of(state: &State, release: &release::Model) -> Result<Option<Vouched>> {
    if release.published_at.is_none() || release.break_glass {
        return Ok(None);
    }
    let same = |vote: review_vote::Column, review: review::Column| {
        Expr::col((review_vote::Entity, vote)).equals((review::Entity, review))
    };
    let publication = review::Entity::find()
        .select_only()
        .column(review::Column::Id)
        .filter(review::Column::ReleaseId.eq(release.id))
        .filter(review::Column::Action.eq(ReviewAction::Publish))
        .filter(review::Column::State.eq(ReviewState::Published))
        .filter(review::Column::BreakGlass.eq(false))
        .filter(same(review_vote::Column::ReviewId, review::Column::Id))
        .filter(same(review_vote::Column::Round, review::Column::Round))
        .filter(same(review_vote::Column::Revision, review::Column::Revision));
    let voter = review_vote::Entity::belongs_to(namespace::Entity)
        .from(review_vote::Column::UserId)
        .to(namespace::Column::Id);
    let votes: Vec<(Uuid, Timestamp, Option<Slug>)> = review_vote::Entity::find()
        .select_only()
        .columns([review_vote::Column::ReviewId, review_vote::Column::CreatedAt])
        .column(namespace::Column::Handle)
        .join(JoinType::LeftJoin, voter.into())
        .filter(review_vote::Column::Decision.eq(Decision::Approve))
        .filter(Expr::exists(publication.into_query()))
        .order_by_desc(review_vote::Column::CreatedAt)
        .limit(MOST)
        .into_tuple()
        .all(&*state.db)
        .await?;
    Ok(vouched(votes))
}

/// Of the newest of its publications: it may have been taken back and published again.
fn vouched(votes: Vec<(Uuid, Timestamp, Option<Slug>)>) -> Option<Vouched> {
    let (newest, at, _) = votes.first()?;
    let (newest, at) = (*newest, *at);
    let of_it = votes.into_iter().filter(|(review, _, _)| *review == newest);
    // A voter who is gone has voted all the same.
    let mut names: Vec<_> = of_it.map(|(_, _, name)| name.unwrap_or_else(Slug::ghost).to_string()).collect();
    names.sort();
    let last = names.pop()?;
    let names = if names.is_empty() { last } else { format!("{} and {last}", names.join(", ")) };
    Some(Vouched { names, at })
}

/// The releases of this filter that were published without votes.
pub async fn without(state: &State, filter: Uuid) -> Result<Vec<Version>> {
    let such = release::Entity::find()
        .select_only()
        .column(release::Column::Version)
        .filter(release::Column::FilterId.eq(filter))
        .filter(release::Column::BreakGlass.eq(true));
    Ok(such.into_tuple().all(&*state.db).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_voted_last_are_named_in_order_and_the_gone_too() {
        let (new, old) = (Uuid::from_u128(2), Uuid::from_u128(1));
        let by = |name: &str| name.parse::<Slug>().ok();
        let votes = vec![
            (new, Timestamp(9), by("dora")),
            (new, Timestamp(8), by("carl")),
            (new, Timestamp(7), None),
            (old, Timestamp(1), by("otto")),
        ];
        let said = vouched(votes).unwrap();
        assert_eq!((said.names.as_str(), said.at), ("carl, dora and ghost", Timestamp(9)));
        assert!(vouched(vec![]).is_none());
    }
}
