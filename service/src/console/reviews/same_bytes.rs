//! What is known of these bytes elsewhere: as what they are published, for every reader; that they were
//! quarantined, or rejected, for curators alone, since it may be of work that others do not see.
use crate::{
    auth::ReviewAccess,
    console::filter::twins::{self, Twin},
    error::Result,
    filters::view::names,
    reviews::view,
    state::State,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use std::collections::HashMap;
use tamis_entities::{
    release, review, review_vote,
    value::{Decision, ReleaseState, ReviewState, Sha256, Timestamp, Version},
};
use uuid::Uuid;

/// Of each kind, the newest.
const MOST: u64 = 5;

pub struct Known {
    pub name: String,
    pub version: Version,
    pub path: String,
    pub quarantined: bool,
    /// When it was rejected.
    pub at: Option<Timestamp>,
    pub why: Option<String>,
}

/// The releases as which everyone has these bytes.
pub async fn published(state: &State, found: &ReviewAccess) -> Result<Vec<Twin>> {
    let twins = twins::of(state, found.access.who()?, &found.release).await?;
    let public = |twin: &Twin| matches!(twin.state, ReleaseState::Published | ReleaseState::Yanked);
    Ok(twins.seen.into_iter().filter(public).collect())
}

pub async fn elsewhere(state: &State, found: &ReviewAccess) -> Result<Vec<Known>> {
    if !found.access.relation.curator {
        return Ok(vec![]);
    }
    let mut all = quarantined(state, &found.release).await?;
    all.extend(rejected(state, &found.release.sha256, found.review.id).await?);
    Ok(all)
}

async fn quarantined(state: &State, this: &release::Model) -> Result<Vec<Known>> {
    use release::Column;
    let rows = release::Entity::find()
        .select_only()
        .columns([Column::FilterId, Column::Version, Column::StateReason])
        .filter(Column::Sha256.eq(this.sha256.clone()))
        .filter(Column::State.eq(ReleaseState::Quarantined))
        .filter(Column::Id.ne(this.id))
        .order_by_desc(Column::CreatedAt)
        .limit(MOST);
    let rows: Vec<(Uuid, Version, Option<String>)> = rows.into_tuple().all(&*state.db).await?;
    if rows.is_empty() {
        return Ok(vec![]);
    }
    let names = names(&*state.db, rows.iter().map(|(filter, ..)| *filter)).await?;
    let known = |(filter, version, why): (Uuid, Version, Option<String>)| {
        let name = names.get(&filter)?.clone();
        let path = format!("/filters/{name}?version={version}");
        Some(Known { name, version, path, quarantined: true, at: None, why })
    };
    Ok(rows.into_iter().filter_map(known).collect())
}

/// By any request for a release of them, of this release as well.
async fn rejected(state: &State, sha256: &Sha256, this: Uuid) -> Result<Vec<Known>> {
    let same = release::Entity::find().select_only().column(release::Column::Id);
    let same = same.filter(release::Column::Sha256.eq(sha256.clone())).into_query();
    let rows = review::Entity::find()
        .filter(review::Column::ReleaseId.in_subquery(same))
        .filter(review::Column::State.eq(ReviewState::Rejected))
        .filter(review::Column::Id.ne(this))
        .order_by_desc(review::Column::DecidedAt)
        .limit(MOST);
    let rows = rows.all(&*state.db).await?;
    if rows.is_empty() {
        return Ok(vec![]);
    }
    let votes = review_vote::Entity::find()
        .filter(review_vote::Column::ReviewId.is_in(rows.iter().map(|row| row.id)))
        .filter(review_vote::Column::Decision.eq(Decision::Reject))
        .order_by_asc(review_vote::Column::CreatedAt);
    let votes = votes.all(&*state.db).await?;
    let mut why: HashMap<_, _> = votes.into_iter().map(|vote| (vote.review_id, vote.note)).collect();
    let known = view::items(state, rows).await?.into_iter().map(|item| Known {
        name: format!("{}/{}", item.namespace, item.filter),
        version: item.version,
        path: format!("/reviews/{}", item.id),
        quarantined: false,
        at: item.decided_at,
        why: why.remove(&item.id).flatten(),
    });
    Ok(known.collect())
}
