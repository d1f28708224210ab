//! What the lines of a page of reviews need besides the reviews: each in one question, however many
//! lines there are. Knows nothing of how a line looks.
use super::{queue, view::CheckCounts};
use crate::{error::Result, filters::view::handles, state::State};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use std::collections::HashMap;
use tamis_entities::{
    filter, release, review, review_appeal, review_check, review_vote,
    value::{CheckResult, Decision, ReviewState, Sha256, Slug, Timestamp, Version},
};
use uuid::Uuid;

pub(super) struct Beside {
    /// Namespace and name of each. The rows hold whole READMEs.
    pub(super) filters: HashMap<Uuid, (Uuid, Slug)>,
    pub(super) versions: HashMap<Uuid, Version>,
    pub(super) handles: HashMap<Uuid, Slug>,
    pub(super) checks: HashMap<Uuid, CheckCounts>,
    pub(super) approvals: HashMap<Uuid, i64>,
    /// Who rejected each in the round in which it is.
    pub(super) rejections: HashMap<Uuid, Vec<Uuid>>,
    /// Those without an answer.
    pub(super) appeals: HashMap<Uuid, review_appeal::Model>,
    pub(super) places: Vec<Uuid>,
    pub(super) now: Timestamp,
}

impl Beside {
    pub(super) async fn of(state: &State, reviews: &[review::Model]) -> Result<Self> {
        let db = &*state.db;
        let filters: Vec<(Uuid, Uuid, Slug)> = filter::Entity::find()
            .select_only()
            .columns([filter::Column::Id, filter::Column::NamespaceId, filter::Column::Name])
            .filter(filter::Column::Id.is_in(reviews.iter().map(|r| r.filter_id)))
            .into_tuple()
            .all(db)
            .await?;
        let versions: Vec<(Uuid, Version)> = release::Entity::find()
            .select_only()
            .columns([release::Column::Id, release::Column::Version])
            .filter(release::Column::Id.is_in(reviews.iter().map(|r| r.release_id)))
            .into_tuple()
            .all(db)
            .await?;
        let (approvals, rejections) = votes(db, reviews).await?;
        let appeals = appeals(db, reviews).await?;
        let people = reviews.iter().flat_map(|r| [Some(r.submitted_by), r.assignee]).flatten();
        let people = people
            .chain(filters.iter().map(|(_, namespace, _)| *namespace))
            .chain(appeals.values().map(|appeal| appeal.submitted_by))
            .chain(rejections.values().flatten().copied());
        let handles = handles(db, people).await?;
        let waits = reviews.iter().any(|r| r.state == ReviewState::InReview);
        Ok(Self {
            filters: filters.into_iter().map(|(id, namespace, name)| (id, (namespace, name))).collect(),
            versions: versions.into_iter().collect(),
            handles,
            checks: check_counts(db, reviews.iter().map(|r| r.id)).await?,
            approvals,
            rejections,
            appeals,
            places: if waits { queue::places(db).await? } else { vec![] },
            now: state.clock.now(),
        })
    }
}

/// The approvals that count, and who rejected.
async fn votes(
    db: &impl ConnectionTrait,
    reviews: &[review::Model],
) -> Result<(HashMap<Uuid, i64>, HashMap<Uuid, Vec<Uuid>>)> {
    use review_vote::Column as C;
    let rounds: HashMap<_, _> = reviews.iter().map(|r| (r.id, (r.round, &r.revision))).collect();
    let cast: Vec<(Uuid, Uuid, Decision, i64, Sha256)> = review_vote::Entity::find()
        .select_only()
        .columns([C::ReviewId, C::UserId, C::Decision, C::Round, C::Revision])
        .filter(C::ReviewId.is_in(reviews.iter().map(|r| r.id)))
        .filter(C::Decision.is_in([Decision::Approve, Decision::Reject]))
        .into_tuple()
        .all(db)
        .await?;
    let (mut approvals, mut rejections) = (HashMap::new(), HashMap::<_, Vec<_>>::new());
    for (review, voter, decision, round, revision) in cast {
        if rounds.get(&review) != Some(&(round, &revision)) {
            continue;
        }
        match decision {
            Decision::Approve => *approvals.entry(review).or_default() += 1,
            _ => rejections.entry(review).or_default().push(voter),
        }
    }
    Ok((approvals, rejections))
}

async fn appeals(
    db: &impl ConnectionTrait,
    reviews: &[review::Model],
) -> Result<HashMap<Uuid, review_appeal::Model>> {
    let rejected: Vec<_> =
        reviews.iter().filter(|r| r.state == ReviewState::Rejected).map(|r| r.id).collect();
    if rejected.is_empty() {
        return Ok(HashMap::new());
    }
    let waiting = review_appeal::Entity::find()
        .filter(review_appeal::Column::ReviewId.is_in(rejected))
        .filter(review_appeal::Column::DecidedAt.is_null());
    Ok(waiting.all(db).await?.into_iter().map(|appeal| (appeal.review_id, appeal)).collect())
}

async fn check_counts(
    db: &impl ConnectionTrait,
    reviews: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, CheckCounts>> {
    let mut checks: HashMap<Uuid, CheckCounts> = HashMap::new();
    let ran: Vec<(Uuid, CheckResult, i64)> = review_check::Entity::find()
        .select_only()
        .columns([review_check::Column::ReviewId, review_check::Column::Result])
        .column_as(review_check::Column::CheckId.count(), "ran")
        .filter(review_check::Column::ReviewId.is_in(reviews))
        .group_by(review_check::Column::ReviewId)
        .group_by(review_check::Column::Result)
        .into_tuple()
        .all(db)
        .await?;
    for (review, result, count) in ran {
        let counts = checks.entry(review).or_default();
        *(match result {
            CheckResult::Pass => &mut counts.pass,
            CheckResult::Warn => &mut counts.warn,
            CheckResult::Fail => &mut counts.fail,
            CheckResult::Error => &mut counts.error,
            CheckResult::NotApplicable => &mut counts.not_applicable,
        }) += u32::try_from(count).unwrap_or(u32::MAX);
    }
    Ok(checks)
}
