//! Deployments: what each target is wanted to hold, and how far it is from that. People change only what is
//! wanted; `deliver` does the rest, as often as it takes. Knows no kind of target.
pub mod act;
pub mod check;
pub mod deliver;
pub mod follow;
pub mod held;
pub mod http;
mod leftovers;
pub mod plan;
pub mod read_back;
pub mod record;
pub mod rules;
pub mod sweep;
pub mod view;
pub mod want;

use crate::{
    audit::{self, Actor},
    auth::Identity,
    db::WriteTxn,
    error::{Error, Kind, Result},
    http::page::{Cursors, PageQuery},
    state::State,
    targets,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use serde_json::json;
use tamis_entities::{
    deployment, deployment_attempt, deployment_revision, release, target, value::DeploymentState,
};
use uuid::Uuid;
use view::DeploymentRequest;

/// With its target, if the caller looks after that.
pub async fn find(state: &State, who: &Identity, id: Uuid) -> Result<(deployment::Model, target::Model)> {
    let row = deployment::Entity::find_by_id(id).one(&*state.db).await?;
    let of = row.as_ref().map_or(Uuid::nil(), |d| d.target_id);
    let (target, _) = targets::find(&*state.db, who, of).await?;
    Ok((row.ok_or_else(Error::not_found)?, target))
}

pub async fn list(
    state: &State,
    who: &Identity,
    of: Option<Uuid>,
    page: &PageQuery,
) -> Result<(Vec<deployment::Model>, Option<String>)> {
    let cursors = Cursors { key: &state.secret, context: format!("deployments|{}|{of:?}", who.id) };
    let mine = target::Entity::find()
        .select_only()
        .column(target::Column::Id)
        .filter(target::Column::NamespaceId.is_in(targets::looked_after(who)));
    let rows = deployment::Entity::find()
        .filter(deployment::Column::TargetId.in_subquery(mine.into_query()))
        .filter(Condition::all().add_option(of.map(|id| deployment::Column::TargetId.eq(id))));
    cursors.by_id(&*state.db, rows, deployment::Column::Id, Order::Asc, page).await
}

pub async fn attempts(
    state: &State,
    row: &deployment::Model,
    page: &PageQuery,
) -> Result<(Vec<deployment_attempt::Model>, Option<String>)> {
    let cursors = Cursors { key: &state.secret, context: format!("attempts|{}", row.id) };
    let rows = deployment_attempt::Entity::find().filter(deployment_attempt::Column::DeploymentId.eq(row.id));
    cursors.by_id(&*state.db, rows, deployment_attempt::Column::Id, Order::Desc, page).await
}

/// The newest first.
pub async fn revisions(state: &State, row: &deployment::Model) -> Result<Vec<deployment_revision::Model>> {
    let rows = deployment_revision::Entity::find()
        .filter(deployment_revision::Column::DeploymentId.eq(row.id))
        .order_by_desc(deployment_revision::Column::Revision);
    Ok(rows.limit(50).all(&*state.db).await?)
}

/// Plans, and carries the plan out if nothing speaks against it.
pub async fn deploy(
    state: &State,
    who: &Identity,
    asked: &DeploymentRequest,
) -> Result<Vec<deployment::Model>> {
    let steps = plan::plan(state, who, asked).await?;
    plan::approve(&steps)?;
    want::apply(state, who, steps).await
}

/// The deployment as it is now, with its target held first.
async fn hold(
    txn: &WriteTxn<'_>,
    who: &Identity,
    seen: &deployment::Model,
) -> Result<(deployment::Model, target::Model)> {
    let target = want::hold(txn, [seen.target_id].into()).await?.pop().ok_or_else(Error::not_found)?;
    targets::find(&**txn, who, target.id).await?;
    let row = deployment::Entity::find_by_id(seen.id).one(&**txn).await?;
    Ok((row.ok_or_else(Error::not_found)?, target))
}

async fn note(
    state: &State,
    txn: &WriteTxn<'_>,
    who: &Identity,
    act: &str,
    (row, target): (&deployment::Model, &target::Model),
) -> Result<()> {
    let detail = json!({"id": row.id, "target": target.name, "version": row.version, "digest": row.sha256, "revision": row.revision});
    let object = format!("deployment:{}/{}", row.namespace, row.filter);
    audit::record(&**txn, &state.clock, &Actor::from(who), &format!("deployment.{act}"), object, detail).await
}

/// Takes a filter back from its target.
pub async fn remove(state: &State, who: &Identity, id: Uuid) -> Result<deployment::Model> {
    let (seen, _) = find(state, who, id).await?;
    let txn = state.db.begin_write().await?;
    let (before, target) = hold(&txn, who, &seen).await?;
    let given_up = matches!(before.state, DeploymentState::Blocked | DeploymentState::Dead);
    if before.release_id.is_none() && !given_up {
        return Ok(before);
    }
    let (config, effective) = (before.config.clone(), before.effective.clone());
    let wish = want::Wish { release: None, config, effective, rule: None };
    let row = want::revise(state, &txn, who.id, &before, wish).await?;
    want::rouse(state, &txn, &target).await?;
    note(state, &txn, who, "remove", (&row, &target)).await?;
    txn.commit().await?;
    state.deploying.wake();
    Ok(row)
}

/// Sends it again now, whatever became of it: a dead letter, one that is refused, or one that has drifted.
pub async fn retry(state: &State, who: &Identity, id: Uuid) -> Result<deployment::Model> {
    let (seen, _) = find(state, who, id).await?;
    let txn = state.db.begin_write().await?;
    let (mut row, mut target) = hold(&txn, who, &seen).await?;
    row = again(state, &txn, who, row).await?;
    target.retry_at = None;
    let now = target::ActiveModel {
        id: Set(target.id),
        retry_at: Set(None),
        failing_since: Set(None),
        ..Default::default()
    };
    target::Entity::update(now).exec(&*txn).await?;
    want::rouse(state, &txn, &target).await?;
    note(state, &txn, who, "retry", (&row, &target)).await?;
    txn.commit().await?;
    state.deploying.wake();
    Ok(row)
}

/// One that was confirmed before is wanted anew: a receiver drops what it has had.
async fn again(
    state: &State,
    txn: &WriteTxn<'_>,
    who: &Identity,
    row: deployment::Model,
) -> Result<deployment::Model> {
    if row.confirmed_revision == Some(row.revision)
        && let Some(release) = row.release_id
    {
        let release = release::Entity::find_by_id(release).one(&**txn).await?;
        let gone = || Error::conflict("stale", "the release is gone; deploy another");
        let (config, effective) = (row.config.clone(), row.effective.clone());
        let wish =
            want::Wish { release: Some(&release.ok_or_else(gone)?), config, effective, rule: row.rule_id };
        return want::revise(state, txn, who.id, &row, wish).await;
    }
    want::again(state, txn, who.id, row).await
}

/// Back to what was last confirmed and differs from what is wanted now.
pub async fn roll_back(state: &State, who: &Identity, id: Uuid) -> Result<deployment::Model> {
    let (seen, _) = find(state, who, id).await?;
    let former = former(state, &seen).await?;
    let nothing =
        || Error::conflict("nothing-to-roll-back-to", "nothing else was confirmed on this target before");
    let (former, release) = former.and_then(|f| f.release_id.map(|r| (f, r))).ok_or_else(nothing)?;
    let subject = match check::subject(state, who, seen.filter_id, release).await {
        Err(error) if error.kind() == Kind::NotFound => return Err(nothing()),
        subject => subject?,
    };
    if let Some(check) = check::against(&subject.checks) {
        return Err(Error::invalid(check.id, check.message.clone()));
    }
    let txn = state.db.begin_write().await?;
    let (before, target) = hold(&txn, who, &seen).await?;
    if before.revision != seen.revision {
        return Err(Error::conflict("stale", "what is wanted has changed at the same moment; look again"));
    }
    let (config, effective) = (former.config, former.effective);
    let wish = want::Wish { release: Some(&subject.release), config, effective, rule: None };
    let row = want::revise(state, &txn, who.id, &before, wish).await?;
    want::rouse(state, &txn, &target).await?;
    note(state, &txn, who, "roll_back", (&row, &target)).await?;
    txn.commit().await?;
    state.deploying.wake();
    Ok(row)
}

/// What a roll-back would lead to.
pub async fn former(state: &State, row: &deployment::Model) -> Result<Option<deployment_revision::Model>> {
    let confirmed = revisions(state, row).await?.into_iter().filter(|r| {
        r.confirmed_at.is_some()
            && r.revision < row.revision
            && r.release_id.is_some()
            && (r.release_id != row.release_id || r.effective != row.effective)
    });
    Ok(confirmed.max_by_key(|r| r.revision))
}

/// Compares soon what the target lists with what is wanted.
pub async fn compare(state: &State, who: &Identity, id: Uuid) -> Result<()> {
    let (target, _) = targets::find(&*state.db, who, id).await?;
    let now = state.clock.now();
    let begun = target::ActiveModel { round_at: Set(Some(now)), ..Default::default() };
    let txn = state.db.begin_write().await?;
    target::Entity::update_many().set(begun).filter(target::Column::Id.eq(target.id)).exec(&*txn).await?;
    crate::jobs::enqueue(&*txn, &state.clock, &crate::jobs::Job::ReadBack { target: target.id }).await?;
    txn.commit().await?;
    state.deploying.wake();
    Ok(())
}
