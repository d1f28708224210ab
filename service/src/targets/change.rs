//! What people do to a target that is there: change it, rotate its secret, forget it. The row is held first, and what
//! it may hold decides what can be done.
use super::{check_url, defaults::Defaults, find, kinds, lasting, note, place, view::TargetChange};
use crate::{
    auth::Identity,
    db::WriteTxn,
    error::{Error, Result},
    jobs::{self, Job},
    state::State,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use std::time::Duration;
use tamis_entities::{
    deployment, deployment_rule, namespace, target,
    value::{DeploymentState, TargetKind, TargetSignIn},
};
use tamis_outbound::parse_url;
use uuid::Uuid;

/// How long messages carry both signatures after a rotation.
const OVERLAP: Duration = Duration::from_secs(24 * 3600);

/// The row as it is now, held, if the caller looks after it still.
async fn hold(txn: &WriteTxn<'_>, who: &Identity, id: Uuid) -> Result<(target::Model, namespace::Model)> {
    let (_, home) = find(&**txn, who, id).await?;
    let row = target::Entity::find_by_id(id).lock_exclusive().one(&**txn).await?;
    Ok((row.ok_or_else(Error::not_found)?, home))
}

pub async fn change(state: &State, who: &Identity, id: Uuid, change: TargetChange) -> Result<target::Model> {
    lasting(who)?;
    let txn = state.db.begin_write().await?;
    let (before, home) = hold(&txn, who, id).await?;
    let mut row = before.clone();
    take(state, who, &mut row, &change)?;
    let moved = place(&before) != place(&row);
    if row.kind == TargetKind::Meshery && address(&before) != address(&row) {
        stay(&txn, &before).await?;
    }
    if row.kind == TargetKind::Meshery && (moved || row.sign_in != TargetSignIn::Token) {
        // A token is for the origin that it was stored for.
        row.secret = None;
    }
    let kind = kinds::of(row.kind);
    kind.check(&row, change.token.as_deref())?;
    match &change.token {
        Some(token) => row.secret = Some(state.sealer.seal(&place(&row), token)?),
        None if moved && row.kind == TargetKind::Webhook => {
            return Err(Error::invalid(
                "url",
                "another origin is another receiver: make a target of its own",
            ));
        }
        None => {}
    }
    row.paused = change.paused.unwrap_or(row.paused);
    save(state, &txn, &row).await?;
    let action = match (before.paused, row.paused) {
        (false, true) => "target.pause",
        (true, false) => "target.resume",
        _ => "target.change",
    };
    note(state, &txn, who, action, &row, &home).await?;
    txn.commit().await?;
    state.jobs.wake();
    Ok(row)
}

/// What was asked for, but for the credential and the pause.
fn take(state: &State, who: &Identity, row: &mut target::Model, change: &TargetChange) -> Result<()> {
    if change.url.is_some() || change.sign_in.is_some() {
        // A token that is made for a target speaks for whoever says where it goes.
        row.created_by = who.id;
    }
    if let Some(url) = &change.url {
        row.url = check_url(state, row.kind, url)?;
    }
    row.sign_in = change.sign_in.unwrap_or(row.sign_in);
    if let Some(provider) = &change.provider {
        row.provider = Some(provider.clone()).filter(|p| !p.is_empty());
    }
    if let Some(defaults) = &change.defaults {
        Defaults::read(defaults.clone())?;
        row.defaults = defaults.clone();
    }
    Ok(())
}

/// Below another path it is another server, too.
fn address(target: &target::Model) -> Option<String> {
    Some(parse_url(&target.url).ok()?.as_str().trim_end_matches('/').to_owned())
}

/// What a target holds is taken back where it was sent to, so until then it stays the same one.
async fn stay(txn: &WriteTxn<'_>, target: &target::Model) -> Result<()> {
    match held(txn, target.id).await? {
        0 => Ok(()),
        many => Err(Error::conflict(
            "target-in-use",
            format!(
                "`url`: {many} filters are wanted at the address that it has now; take them back first, or make \
                 another target and delete this one with `abandon=true`"
            ),
        )),
    }
}

/// How many filters it may hold.
async fn held(txn: &WriteTxn<'_>, target: Uuid) -> Result<u64> {
    let rows = deployment::Entity::find().filter(deployment::Column::TargetId.eq(target));
    Ok(rows.filter(deployment::Column::State.ne(DeploymentState::Removed)).count(&**txn).await?)
}

/// What people change; and whatever stood in its way may be gone now, so it is tried again at once.
async fn save(state: &State, txn: &WriteTxn<'_>, row: &target::Model) -> Result<()> {
    let now = state.clock.now();
    let change = target::ActiveModel {
        id: Set(row.id),
        url: Set(row.url.clone()),
        provider: Set(row.provider.clone()),
        sign_in: Set(row.sign_in),
        secret: Set(row.secret.clone()),
        former_secret: Set(row.former_secret.clone()),
        former_until: Set(row.former_until),
        defaults: Set(row.defaults.clone()),
        paused: Set(row.paused),
        created_by: Set(row.created_by),
        retry_at: Set(None),
        failing_since: Set(None),
        due_at: Set(Some(now)),
        updated_at: Set(now),
        ..Default::default()
    };
    target::Entity::update_many().set(change).filter(target::Column::Id.eq(row.id)).exec(&**txn).await?;
    jobs::enqueue(&**txn, &state.clock, &Job::Deploy { target: row.id }).await
}

/// Another secret. Until tomorrow messages are signed with the former one too.
pub async fn rotate(state: &State, who: &Identity, id: Uuid) -> Result<(target::Model, String)> {
    lasting(who)?;
    let txn = state.db.begin_write().await?;
    let (mut row, home) = hold(&txn, who, id).await?;
    let fresh = kinds::of(row.kind).fresh_secret()?.ok_or_else(|| {
        Error::conflict(
            "no-secret-of-ours",
            "this kind of target has a token of its own: store another with PATCH",
        )
    })?;
    row.former_secret = row.secret.replace(state.sealer.seal(&place(&row), &fresh)?);
    row.former_until = Some(state.clock.now().plus(OVERLAP));
    save(state, &txn, &row).await?;
    note(state, &txn, who, "target.rotate", &row, &home).await?;
    txn.commit().await?;
    Ok((row, fresh))
}

/// Forgets a target. What it holds is taken back first, unless the caller leaves it there.
pub async fn remove(state: &State, who: &Identity, id: Uuid, abandon: bool) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let (row, home) = hold(&txn, who, id).await?;
    let left = held(&txn, id).await?;
    if left > 0 && !abandon {
        let detail = format!(
            "it holds {left} filters; take them back first, or send `abandon=true` to leave them there"
        );
        return Err(Error::conflict("target-in-use", detail));
    }
    kinds::minted::end(&txn, id).await?;
    let rules = deployment_rule::Entity::delete_many().filter(deployment_rule::Column::TargetId.eq(id));
    rules.exec(&*txn).await?;
    target::Entity::delete_by_id(id).exec(&*txn).await?;
    note(state, &txn, who, "target.delete", &row, &home).await?;
    txn.commit().await
}
