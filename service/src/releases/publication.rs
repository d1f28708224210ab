//! The one place where a release becomes public or stops being so, whatever the door.
//! Every function runs inside the caller's transaction and brings the catalog along.
use crate::{
    audit::{self, Actor},
    auth::{FilterAccess, Identity, access},
    catalog,
    db::{self, WriteTxn},
    deployments::follow,
    error::{Error, Result},
    modules::store,
    notify::{self, Event},
    reviews,
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use tamis_entities::{
    filter, release, review,
    value::{Approved, ReleaseState, ReviewAction, Sha256, revision},
};

/// What an approval speaks of, as it is now: the revision that the review would put in force.
pub fn current_revision(filter: &filter::Model, release: &release::Model, review: &review::Model) -> Sha256 {
    let metadata = review.proposed.as_ref().unwrap_or(&release.metadata);
    revision(metadata, &filter.summary, filter.icon.as_deref())
}

/// Does what an approved review asked for. The caller has consumed the approval in this transaction.
pub async fn apply(
    state: &State,
    txn: &WriteTxn<'_>,
    filter: &filter::Model,
    release: &release::Model,
    review: &review::Model,
) -> Result<()> {
    let mut change = release::ActiveModel { ..Default::default() };
    let from = match review.action {
        ReviewAction::Publish => {
            change.state = Set(ReleaseState::Published);
            change.approved = Set(Some(snapshot(filter, release.metadata.clone(), &review.revision)));
            change.break_glass = Set(review.break_glass);
            change.published_at = Set(Some(state.clock.now()));
            vec![ReleaseState::Draft]
        }
        ReviewAction::Unpublish => {
            change.state = Set(ReleaseState::Draft);
            change.approved = Set(None);
            change.published_at = Set(None);
            change.state_reason = Set(None);
            change.break_glass = Set(false);
            vec![ReleaseState::Published, ReleaseState::Yanked]
        }
        ReviewAction::Update => {
            let metadata = review.proposed.clone().unwrap_or_else(|| release.metadata.clone());
            // The verdict depends on what the module is said to be; it was made when the change was proposed.
            if let Some(report) = store::last_report(&**txn, &release.sha256, metadata.plugin_type).await? {
                change.verdict = Set(store::verdict(&report));
            }
            change.plugin_type = Set(metadata.plugin_type);
            change.metadata = Set(metadata.clone());
            change.approved = Set(Some(snapshot(filter, metadata, &review.revision)));
            change.break_glass = Set(review.break_glass);
            vec![ReleaseState::Published, ReleaseState::Yanked]
        }
        ReviewAction::Unquarantine => {
            change.state = Set(release.prior_state.unwrap_or(ReleaseState::Draft));
            change.prior_state = Set(None);
            change.state_reason = Set(None);
            change.break_glass = Set(release.break_glass || review.break_glass);
            vec![ReleaseState::Quarantined]
        }
    };
    let done = release::Entity::update_many()
        .set(change)
        .filter(release::Column::Id.eq(release.id))
        .filter(release::Column::State.is_in(from))
        .filter(release::Column::Sha256.eq(review.sha256.clone()))
        .exec(&**txn)
        .await?;
    if done.rows_affected == 0 {
        let detail = format!("version {} is {} now; a new request is needed", release.version, release.state);
        return Err(Error::conflict("stale", detail));
    }
    follow::announce(state, txn, filter.id).await?;
    catalog::refresh(state, txn, filter.id).await
}

fn snapshot(
    filter: &filter::Model,
    metadata: tamis_entities::value::Metadata,
    revision: &Sha256,
) -> Approved {
    Approved {
        revision: revision.clone(),
        summary: filter.summary.clone(),
        icon: filter.icon.clone(),
        metadata,
    }
}

/// Yank: still there by exact version or digest, gone from catalog, search and `latest`.
pub async fn yank(
    state: &State,
    access: &FilterAccess,
    release: &release::Model,
    reason: Option<String>,
) -> Result<release::Model> {
    let who = access.who()?;
    step(state, access, release, who, "release.yank", &[ReleaseState::Published], |change| {
        change.state = Set(ReleaseState::Yanked);
        change.state_reason = Set(reason);
    })
    .await
}

pub async fn unyank(
    state: &State,
    access: &FilterAccess,
    release: &release::Model,
) -> Result<release::Model> {
    let who = access.who()?;
    step(state, access, release, who, "release.unyank", &[ReleaseState::Yanked], |change| {
        change.state = Set(ReleaseState::Published);
        change.state_reason = Set(None);
    })
    .await
}

/// Nobody but author and curators gets the bytes any more, from any door.
pub async fn quarantine(
    state: &State,
    access: &FilterAccess,
    release: &release::Model,
    reason: String,
) -> Result<release::Model> {
    let who = access.who()?;
    let prior = release.state;
    let any = [ReleaseState::Draft, ReleaseState::Published, ReleaseState::Yanked];
    step(state, access, release, who, "release.quarantine", &any, |change| {
        change.state = Set(ReleaseState::Quarantined);
        change.prior_state = Set(Some(prior));
        change.state_reason = Set(Some(reason));
    })
    .await
}

async fn step(
    state: &State,
    access: &FilterAccess,
    release: &release::Model,
    who: &Identity,
    action: &str,
    from: &[ReleaseState],
    change: impl FnOnce(&mut release::ActiveModel),
) -> Result<release::Model> {
    let mut row = release::ActiveModel { ..Default::default() };
    change(&mut row);
    db::retrying(|| stepped(state, access, release, who, action, from, row.clone())).await
}

async fn stepped(
    state: &State,
    access: &FilterAccess,
    release: &release::Model,
    who: &Identity,
    action: &str,
    from: &[ReleaseState],
    row: release::ActiveModel,
) -> Result<release::Model> {
    let txn = state.db.begin_write().await?;
    access::relock_filter(&*txn, &access.filter).await?;
    if action == "release.quarantine" {
        let release = reviews::Scope::Release(release.id);
        reviews::supersede_open(state, &txn, release, "the release was quarantined").await?;
    }
    let done = release::Entity::update_many()
        .set(row)
        .filter(release::Column::Id.eq(release.id))
        // Exactly the state that the caller saw, and one that the step starts from.
        .filter(release::Column::State.eq(release.state))
        .filter(release::Column::State.is_in(from.iter().copied()))
        .exec(&*txn)
        .await?;
    if done.rows_affected == 0 {
        let wanted: Vec<_> = from.iter().map(|s| s.as_str()).collect();
        let detail = format!(
            "version {} is {}; this takes one that is {}",
            release.version,
            release.state,
            wanted.join(" or ")
        );
        return Err(Error::conflict("wrong-state", detail));
    }
    follow::announce(state, &txn, access.filter.id).await?;
    catalog::refresh(state, &txn, access.filter.id).await?;
    let release = access::find_release(&*txn, access.filter.id, &release.version)
        .await?
        .ok_or_else(Error::not_found)?;
    let object = format!("release:{}@{}", access.name(), release.version);
    let detail = json!({"digest": release.sha256, "reason": release.state_reason});
    let event = Event {
        kind: action.to_owned(),
        actor: Some(who.id),
        namespace: &access.namespace,
        filter: &access.filter,
        release: &release,
        review: None,
        detail: detail.clone(),
        note: None,
    };
    notify::publish(state, &txn, &[event]).await?;
    audit::record(&*txn, &state.clock, &Actor::from(who), action, object, detail).await?;
    txn.commit().await?;
    state.standing.forget(&release.sha256);
    Ok(release)
}
