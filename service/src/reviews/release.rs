//! What makes a decision real, once: releasing what was approved, and breaking the glass, which
//! takes an administrator and a second person instead of the quorum. Checks are skipped by neither.
use super::{
    act::{self, Current, Doer, Why},
    decide::{self, is_carried, stale},
};
use crate::{
    audit,
    auth::{
        Identity, ReviewAccess, access,
        caller::{Via, identity},
    },
    db::{self, WriteTxn},
    error::{Error, Result},
    fail_here,
    notify::{self, Event},
    releases::publication,
    state::State,
};
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use tamis_entities::{
    break_glass_request as request, release,
    value::{ReviewAct, Sha256},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// How long an administrator's request waits for its second person.
const STANDS: Duration = Duration::from_secs(24 * 3600);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakGlassRequest {
    /// Why this cannot wait for the votes.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
    /// The digest that is to be published.
    pub digest: Sha256,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountersignRequest {
    /// The digest that you have looked at.
    pub digest: Sha256,
}

/// Makes an approved review real.
pub async fn release(state: &State, found: &ReviewAccess) -> Result<release::Model> {
    let who = found.access.who()?;
    let released = db::retrying(|| consume(state, found.review.id, who)).await?;
    metrics::counter!("tamis_publications_total").increment(1);
    Ok(released)
}

async fn consume(state: &State, id: Uuid, who: &Identity) -> Result<release::Model> {
    let txn = state.db.begin_write().await?;
    let mut now = act::current(&txn, id).await?;
    let fresh = now.is_fresh();
    act::check(state, &txn, &now, Doer::Person(who), ReviewAct::Release).await?;
    if !fresh {
        return Err(stale("the release has changed since it was approved"));
    }
    if !is_carried(state, &txn, &now).await? {
        decide::settle(state, &txn, &mut now, Doer::System("reviews")).await?;
        txn.commit().await?;
        let detail = "the votes do not carry it any more: a curator who approved may not vote on this now, or one objects; look at it again";
        return Err(Error::conflict("not-approved", detail));
    }
    act::make(state, &txn, &mut now, Doer::Person(who), ReviewAct::Release, Why::default(), |_| {}).await?;
    state.policy.check_window(state.clock.now())?;
    publish(state, txn, &now, who).await
}

/// Does what was asked for, and commits: the last step of either way.
async fn publish(state: &State, txn: WriteTxn<'_>, now: &Current, who: &Identity) -> Result<release::Model> {
    publication::apply(state, &txn, &now.filter, &now.release, &now.review).await?;
    let mut detail =
        json!({"review": now.review.id, "digest": now.review.sha256, "revision": now.review.revision});
    if now.review.break_glass {
        detail["break_glass"] = json!(true);
    }
    let action = format!("release.{}", now.review.action);
    notify::publish(state, &txn, &[of_release(now, who, &action)]).await?;
    audit::record(&*txn, &state.clock, &audit::Actor::from(who), &action, now.object(), detail).await?;
    let released = access::find_release(&*txn, now.filter.id, &now.release.version)
        .await?
        .ok_or_else(Error::not_found)?;
    fail_here!("publish.before-commit");
    txn.commit().await?;
    state.standing.forget(&released.sha256);
    fail_here!("publish.after-commit");
    Ok(released)
}

/// That it is done, for everyone who looks after the filter, whether they follow reviews or not.
fn of_release<'a>(now: &'a Current, who: &Identity, action: &str) -> Event<'a> {
    Event {
        kind: action.to_owned(),
        actor: Some(who.id),
        namespace: &now.namespace,
        filter: &now.filter,
        release: &now.release,
        review: None,
        detail: json!({"review": now.review.id, "action": now.review.action}),
        note: None,
    }
}

/// An administrator asks a second person to publish this without quorum.
pub async fn ask_break_glass(state: &State, found: &ReviewAccess, asked: BreakGlassRequest) -> Result<()> {
    let (who, reason) = (found.access.who()?, asked.reason.trim());
    if reason.is_empty() || reason.len() > 1000 {
        return Err(Error::invalid("reason", "1 to 1000 bytes: why this cannot wait for the votes"));
    }
    let txn = state.db.begin_write().await?;
    let mut now = act::current(&txn, found.review.id).await?;
    let why = Why { reason: Some(reason.to_owned()), ..Why::default() };
    act::make(state, &txn, &mut now, Doer::Person(who), ReviewAct::AskBreakGlass, why, |_| {}).await?;
    if !now.is_fresh() || asked.digest != now.review.sha256 {
        return Err(stale("the request names another digest than the review, or the release has changed"));
    }
    let row = request::ActiveModel {
        review_id: Set(now.review.id),
        sha256: Set(now.review.sha256.clone()),
        revision: Set(now.review.revision.clone()),
        requested_by: Set(who.id),
        reason: Set(reason.to_owned()),
        created_at: Set(state.clock.now()),
    };
    use request::Column::*;
    let again = OnConflict::column(ReviewId)
        .update_columns([Sha256, Revision, RequestedBy, Reason, CreatedAt])
        .to_owned();
    request::Entity::insert(row).on_conflict(again).exec_without_returning(&*txn).await?;
    txn.commit().await
}

/// The second person: publishes what the administrator asked for.
pub async fn countersign(
    state: &State,
    found: &ReviewAccess,
    signed: CountersignRequest,
) -> Result<release::Model> {
    let who = found.access.who()?;
    let txn = state.db.begin_write().await?;
    let mut now = act::current(&txn, found.review.id).await?;
    let asked = asked_for(state, &txn, &now, who).await;
    let reason = asked.as_ref().map(|r| r.reason.clone()).ok();
    let by = asked.as_ref().map(|r| r.requested_by).ok();
    let why = Why { reason, detail: json!({"requested_by": by}), ..Why::default() };
    let doer = Doer::Person(who);
    act::make(state, &txn, &mut now, doer, ReviewAct::BreakGlass, why, |row| row.break_glass = Set(true))
        .await?;
    let asked = asked?;
    let same = asked.sha256 == now.review.sha256 && asked.revision == now.review.revision;
    if !same || !now.is_fresh() || signed.digest != now.review.sha256 {
        return Err(stale("this is not what the administrator asked to publish"));
    }
    let released = publish(state, txn, &now, who).await?;
    metrics::counter!("tamis_publications_total").increment(1);
    tracing::warn!(review = %now.review.id, "published without quorum, by break-glass");
    Ok(released)
}

/// The request, if who made it still may and is somebody else.
async fn asked_for(
    state: &State,
    txn: &WriteTxn<'_>,
    now: &Current,
    who: &Identity,
) -> Result<request::Model> {
    let none = || Error::conflict("not-requested", "no administrator asks for this; a first person has to");
    let asked = request::Entity::find_by_id(now.review.id).one(&**txn).await?.ok_or_else(none)?;
    if asked.created_at.plus(STANDS) <= state.clock.now() {
        return Err(none());
    }
    if asked.requested_by == who.id {
        return Err(Error::forbidden("second-person", "somebody else has to countersign"));
    }
    let first = identity(&**txn, asked.requested_by, Via::Operator, None).await?.ok_or_else(none)?;
    let about = (&now.filter, &now.release, &now.review);
    let roles = act::standing(&**txn, &first, about, state.clock.now()).await?;
    if roles.contains(&super::moves::By::Admin) { Ok(asked) } else { Err(none()) }
}
