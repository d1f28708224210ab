//! The judgement after the last kill: by HTTP, by the operator's commands, and by the rows.
use super::{Instance, ledger::Fate, load::Worker};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use tamis_entities::{
    job, release, review, review_vote,
    value::{Decision, JobState, ReleaseState, ReviewAction, ReviewState},
};

/// Expects a running server.
pub async fn judge(instance: &Instance, workers: &[Worker], found: &mut Vec<String>) {
    everything_is_as_acknowledged(workers, found).await;
    sound(instance, false, found).await;
    let audit = instance.run(&["audit", "verify", "--json"]).await;
    if !audit.status.success() {
        found.push(format!("the audit chain is broken: {}", super::instance::text(&audit.stdout)));
    }
    publications_were_approved(instance, found).await;
    instance.let_leases_lapse().await;
    let collected = instance.run(&["gc", "--grace", "0s"]).await;
    if !collected.status.success() {
        found.push(format!("the collector failed: {}", super::instance::text(&collected.stderr)));
    }
    sound(instance, true, found).await;
    everything_is_as_acknowledged(workers, found).await;
}

async fn sound(instance: &Instance, collected: bool, found: &mut Vec<String>) {
    let (findings, clean) = instance.fsck().await;
    let orphans = findings["orphans"].as_array().is_some_and(|o| !o.is_empty());
    if !clean || (collected && orphans) {
        found.push(format!("fsck: {findings}"));
    }
}

async fn everything_is_as_acknowledged(workers: &[Worker], found: &mut Vec<String>) {
    for worker in workers {
        for (filter, entry) in &worker.ledger.entries {
            let wanted = match entry.fate {
                Fate::Present => Some(entry),
                Fate::Absent => None,
                Fate::Unknown => {
                    found.push(format!("{filter} was never resolved"));
                    continue;
                }
            };
            match worker.look(filter).await {
                Ok(seen) => {
                    let wanted = wanted.map(|e| (e.sha256.clone(), e.published));
                    if seen != wanted {
                        found.push(format!("lost: {filter} was acknowledged as {wanted:?} and is {seen:?}"));
                    }
                }
                Err(problem) => found.push(format!("lost: {filter}: {problem}")),
            }
        }
    }
}

/// Each published release has an approved review of exactly its digest and revision.
async fn publications_were_approved(instance: &Instance, found: &mut Vec<String>) {
    let db = instance.db().await;
    let published = release::Column::State.eq(ReleaseState::Published);
    for release in release::Entity::find().filter(published).all(&*db).await.unwrap() {
        let revision = release.approved.as_ref().map(|a| a.revision.clone());
        let reviews =
            review::Entity::find().filter(review::Column::ReleaseId.eq(release.id)).all(&*db).await.unwrap();
        let consumed = reviews.iter().find(|r| {
            r.action == ReviewAction::Publish
                && r.state == ReviewState::Published
                && r.sha256 == release.sha256
                && Some(&r.revision) == revision.as_ref()
        });
        let Some(review) = consumed else {
            found.push(format!("release {} is published without an approval", release.id));
            continue;
        };
        let votes = review_vote::Entity::find()
            .filter(review_vote::Column::ReviewId.eq(review.id))
            .filter(review_vote::Column::Decision.eq(Decision::Approve))
            .filter(review_vote::Column::Sha256.eq(release.sha256.clone()))
            .filter(review_vote::Column::Revision.eq(review.revision.clone()));
        if votes.all(&*db).await.unwrap().is_empty() {
            found.push(format!("review {} was consumed without a vote", review.id));
        }
    }
    let dead = job::Entity::find().filter(job::Column::State.eq(JobState::Dead)).all(&*db).await.unwrap();
    found.extend(dead.iter().map(|j| format!("job {} is dead: {:?}", j.id, j.last_error)));
    db.close().await.unwrap();
}
