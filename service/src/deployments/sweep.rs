//! What comes round by itself: targets whose turn was lost with the process that had it, those that are to be
//! compared again, the numbers of the metrics, and history that nobody asks about any more.
use crate::{
    error::Result,
    jobs::{self, Job, lease},
    state::State,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::Expr,
};
use std::time::Duration;
use tamis_entities::{
    deployment, deployment_attempt, deployment_rule, target,
    value::{DeploymentState, Timestamp},
};
use uuid::Uuid;

/// A job is there for every turn; this much later it is lost.
const GRACE: Duration = Duration::from_secs(3);
const SOME: u64 = 500;
const RULES_EVERY: Duration = Duration::from_secs(600);
const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

pub async fn scheduled(state: &State) -> Result<()> {
    let now = state.clock.now();
    let free =
        || Condition::any().add(target::Column::LeaseUntil.is_null()).add(target::Column::LeaseUntil.lt(now));
    let lost = Condition::all().add(free()).add(target::Column::DueAt.lt(now.minus(GRACE)));
    rouse(state, lost, |target| Job::Deploy { target }, target::Column::DueAt, now).await?;
    let every = state.serve.deploy.deploy_read_back;
    if every > 0 {
        let long_ago = Condition::any()
            .add(target::Column::RoundAt.is_null())
            .add(target::Column::RoundAt.lt(now.minus(Duration::from_secs(every))));
        let idle = Condition::all()
            .add(free())
            .add(long_ago)
            .add(target::Column::Paused.eq(false))
            .add(target::Column::DueAt.is_null());
        rouse(state, idle, |target| Job::ReadBack { target }, target::Column::RoundAt, now).await?;
    }
    follow(state).await?;
    count(state).await
}

/// Not all that a rule depends on is announced: labels, owners, defaults.
async fn follow(state: &State) -> Result<()> {
    const TURN: &str = "deployment-rules";
    let any = deployment_rule::Entity::find().filter(deployment_rule::Column::Enabled.eq(true));
    if lease::is_held(&*state.db, TURN, state.clock.now()).await? || any.count(&*state.db).await? == 0 {
        return Ok(());
    }
    // Nobody gives it back: it lapses, and then it is time again.
    if lease::hold(state, TURN, RULES_EVERY).await? {
        let txn = state.db.begin_write().await?;
        jobs::enqueue(&*txn, &state.clock, &Job::FollowRules { filter: None, rule: None }).await?;
        txn.commit().await?;
        state.jobs.wake();
    }
    Ok(())
}

/// A job for each, and a mark on the row so that the next look, here or elsewhere, makes no other.
async fn rouse(
    state: &State,
    which: Condition,
    job: impl Fn(Uuid) -> Job,
    mark: target::Column,
    now: Timestamp,
) -> Result<()> {
    let ids =
        || target::Entity::find().select_only().column(target::Column::Id).filter(which.clone()).limit(SOME);
    if ids().into_tuple::<Uuid>().all(&*state.db).await?.is_empty() {
        return Ok(());
    }
    let txn = state.db.begin_write().await?;
    let ids = ids().order_by_asc(target::Column::Id).lock_exclusive().into_tuple::<Uuid>().all(&*txn).await?;
    target::Entity::update_many()
        .col_expr(mark, Expr::value(now))
        .filter(target::Column::Id.is_in(ids.iter().copied()))
        .exec(&*txn)
        .await?;
    let jobs: Vec<_> = ids.into_iter().map(job).collect();
    jobs::enqueue_all(&*txn, &state.clock, &jobs).await?;
    txn.commit().await?;
    state.deploying.wake();
    Ok(())
}

#[derive(FromQueryResult)]
struct Count {
    state: DeploymentState,
    many: i64,
    drifted: i64,
}

async fn count(state: &State) -> Result<()> {
    let rows = deployment::Entity::find()
        .select_only()
        .column(deployment::Column::State)
        .expr_as(Expr::cust("count(*)"), "many")
        .expr_as(Expr::cust("count(drifted_at)"), "drifted")
        .group_by(deployment::Column::State)
        .into_model::<Count>()
        .all(&*state.db)
        .await?;
    let mut drifted = 0;
    for known in [
        DeploymentState::Waiting,
        DeploymentState::Deployed,
        DeploymentState::Removed,
        DeploymentState::Blocked,
        DeploymentState::Dead,
    ] {
        let row = rows.iter().find(|r| r.state == known);
        metrics::gauge!("tamis_deploy_deployments", "state" => known.as_str())
            .set(row.map_or(0.0, |r| r.many as f64));
        drifted += row.map_or(0, |r| r.drifted);
    }
    metrics::gauge!("tamis_deploy_drifted").set(drifted as f64);
    Ok(())
}

pub async fn forget_expired(state: &State) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let old = deployment_attempt::Column::At.lt(state.clock.now().minus(KEPT));
    deployment_attempt::Entity::delete_many().filter(old).exec(&*txn).await?;
    let change = target::ActiveModel { former_secret: Set(None), ..Default::default() };
    let over = target::Column::FormerUntil.lt(state.clock.now());
    target::Entity::update_many().set(change).filter(over).exec(&*txn).await?;
    txn.commit().await
}
