//! The job that sends one message: signed, through the guarded client, at least once. It keeps
//! its own schedule of tries, so that the answer of the last one can be shown; what is given up
//! stays as a dead letter until somebody sends it again.
use super::sign;
use crate::{
    clock,
    error::Result,
    jobs::{self, Job},
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use std::time::Duration;
use tamis_entities::{
    value::{DeliveryState, Timestamp},
    webhook, webhook_delivery,
};
use tamis_outbound::{Client, Limits, Method, OutboundError, StatusCode, header::HeaderMap, parse_url};
use uuid::Uuid;

/// Two and a half days in all.
const MOST_ATTEMPTS: i64 = 12;
const FIRST_PAUSE: u64 = 10;
const LONGEST_PAUSE: u64 = 12 * 3600;

/// Less than the lease of a job, so that no other worker sends meanwhile.
pub fn client(outbound: &Client) -> Client {
    let limits = Limits {
        connect: Duration::from_secs(5),
        total: Duration::from_secs(15),
        idle: Duration::from_secs(10),
        max_bytes: 64 * 1024,
        ..Limits::default()
    };
    outbound.with_limits(limits)
}

pub fn message_id(delivery: Uuid) -> String {
    format!("msg_{}", delivery.simple())
}

/// How a try ended.
struct Outcome {
    status: Option<StatusCode>,
    error: Option<String>,
}

impl Outcome {
    fn arrived(&self) -> bool {
        self.status.is_some_and(|s| s.is_success())
    }
}

pub async fn run(state: &State, id: Uuid) -> Result<()> {
    let Some(delivery) = webhook_delivery::Entity::find_by_id(id).one(&*state.db).await? else {
        return Ok(());
    };
    let hook = webhook::Entity::find_by_id(delivery.webhook_id).one(&*state.db).await?;
    let Some(hook) = hook.filter(|_| delivery.state == DeliveryState::Pending) else { return Ok(()) };
    let outcome = match hook.enabled {
        true => attempt(state, &hook, &delivery).await?,
        false => Outcome { status: None, error: Some("the webhook is switched off".into()) },
    };
    note(state, &hook, &delivery, outcome).await
}

async fn attempt(
    state: &State,
    hook: &webhook::Model,
    delivery: &webhook_delivery::Model,
) -> Result<Outcome> {
    let headers = headers(hook, delivery, state.clock.now())?;
    let sent = async {
        let url = parse_url(&hook.url)?;
        let body = delivery.body.clone().into();
        state.webhooks.request(Method::POST, &url, headers, Some(body)).await
    };
    Ok(match sent.await {
        Ok(reply) => {
            let status = reply.status;
            let error = (!status.is_success()).then(|| format!("the receiver answered {status}"));
            Outcome { status: Some(status), error }
        }
        Err(error) => Outcome { status: None, error: Some(told(&error)) },
    })
}

/// The job itself broke off too often: the message must not look as if it were on its way.
pub async fn give_up(state: &State, id: Uuid) -> Result<()> {
    let dead = webhook_delivery::ActiveModel {
        state: Set(DeliveryState::Dead),
        next_at: Set(None),
        last_error: Set(Some("this server could not send it".into())),
        ..Default::default()
    };
    let txn = state.db.begin_write().await?;
    webhook_delivery::Entity::update_many()
        .set(dead)
        .filter(webhook_delivery::Column::Id.eq(id))
        .filter(webhook_delivery::Column::State.eq(DeliveryState::Pending))
        .exec(&*txn)
        .await?;
    txn.commit().await
}

/// Without the path, which may be a secret of its own; messages name hosts only.
fn told(error: &OutboundError) -> String {
    error.to_string().chars().take(500).collect()
}

fn headers(hook: &webhook::Model, delivery: &webhook_delivery::Model, now: Timestamp) -> Result<HeaderMap> {
    let former = hook.former_secret.as_ref().filter(|_| hook.former_until.is_some_and(|t| t > now));
    let secrets: Vec<_> = [Some(&hook.secret), former].into_iter().flatten().cloned().collect();
    sign::headers(&secrets, &message_id(delivery.id), now, &delivery.body)
}

fn pause(attempts: i64) -> Result<Duration> {
    let doublings = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or(0);
    let longest = FIRST_PAUSE.saturating_mul(1 << (2 * doublings).min(40)).min(LONGEST_PAUSE);
    clock::spread(Duration::from_secs(longest))
}

async fn note(
    state: &State,
    hook: &webhook::Model,
    delivery: &webhook_delivery::Model,
    outcome: Outcome,
) -> Result<()> {
    let now = state.clock.now();
    let attempts = delivery.attempts + 1;
    // The receiver says that it is gone for good.
    let gone = outcome.status == Some(StatusCode::GONE);
    let hopeless = gone || attempts >= MOST_ATTEMPTS || !hook.enabled;
    let (to, next) = match (outcome.arrived(), hopeless) {
        (true, _) => (DeliveryState::Delivered, None),
        (false, true) => (DeliveryState::Dead, None),
        (false, false) => (DeliveryState::Pending, Some(now.plus(pause(attempts)?))),
    };
    let row = webhook_delivery::ActiveModel {
        state: Set(to),
        attempts: Set(attempts),
        next_at: Set(next),
        last_status: Set(outcome.status.map(|s| i64::from(s.as_u16()))),
        delivered_at: Set(outcome.arrived().then_some(now)),
        last_error: Set(outcome.error),
        ..Default::default()
    };
    let txn = state.db.begin_write().await?;
    let done = webhook_delivery::Entity::update_many()
        .set(row)
        .filter(webhook_delivery::Column::Id.eq(delivery.id))
        // Another worker whose lease had lapsed may have been quicker.
        .filter(webhook_delivery::Column::Attempts.eq(delivery.attempts))
        .filter(webhook_delivery::Column::State.eq(DeliveryState::Pending))
        .exec(&*txn)
        .await?;
    if let Some(at) = next.filter(|_| done.rows_affected > 0) {
        let job = Job::SendWebhook { delivery: delivery.id };
        jobs::enqueue_at(&*txn, &state.clock, &job, at).await?;
    }
    if gone {
        let off = webhook::ActiveModel { id: Set(hook.id), enabled: Set(false), ..Default::default() };
        let still = webhook::Entity::update_many().set(off).filter(webhook::Column::Id.eq(hook.id));
        still.exec(&*txn).await?;
    }
    metrics::counter!("tamis_webhook_attempts_total", "outcome" => to.as_str()).increment(1);
    txn.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_cap_and_are_spread() {
        let of = |attempts| pause(attempts).map(|p| p.as_secs_f64()).unwrap_or_default();
        for (attempts, most) in
            [(1, 10.0), (2, 40.0), (3, 160.0), (7, 40_960.0), (8, 43_200.0), (12, 43_200.0)]
        {
            let (low, high) = (most / 2.0, most);
            let tries: Vec<_> = (0..50).map(|_| of(attempts)).collect();
            assert!(tries.iter().all(|p| (low..=high).contains(p)), "{attempts}: {tries:?}");
            assert!(tries.iter().any(|p| (p - tries[0]).abs() > 0.001), "{attempts}: not spread");
        }
    }
}
