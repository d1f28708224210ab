//! Webhooks: where a namespace wants to be told of its events. Owns the subscriptions, the
//! signing and the sending; what is worth telling is `notify`'s to say.
pub mod deliver;
pub mod http;
pub mod send;
pub mod sign;
pub mod view;

use crate::{
    audit::{self, Actor},
    auth::{Identity, identity::Via, names},
    error::{Error, Result},
    state::State,
    tokens,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
};
use serde_json::json;
use std::{net::IpAddr, time::Duration};
use tamis_entities::{
    namespace,
    value::{MemberRole, NoticeKind, Slug, Strings},
    webhook,
};
use tamis_outbound::parse_url;
use uuid::Uuid;
use view::{HookChange, HookRequest};

/// More than anybody needs; each event is a message to every one.
const MOST: u64 = 20;
/// How long messages carry both signatures after a rotation.
const OVERLAP: Duration = Duration::from_secs(24 * 3600);

/// A namespace that the caller looks after: their own, or one of a team that they own or maintain.
pub async fn home(state: &State, who: &Identity, handle: &Slug, reading: bool) -> Result<namespace::Model> {
    let (home, former) = names::namespace(&*state.db, handle).await?.ok_or_else(Error::not_found)?;
    match who.role_in(home.id) {
        None => Err(Error::not_found()),
        Some(MemberRole::Member) => {
            Err(Error::forbidden("role", "owners and maintainers look after webhooks"))
        }
        Some(_) if former && !reading => Err(names::renamed(home.handle)),
        Some(_) => Ok(home),
    }
}

pub async fn find(state: &State, home: &namespace::Model, id: Uuid) -> Result<webhook::Model> {
    let row = webhook::Entity::find_by_id(id).filter(webhook::Column::NamespaceId.eq(home.id));
    row.one(&*state.db).await?.ok_or_else(Error::not_found)
}

pub async fn list(state: &State, home: &namespace::Model) -> Result<Vec<webhook::Model>> {
    let rows = webhook::Entity::find().filter(webhook::Column::NamespaceId.eq(home.id));
    Ok(rows.order_by_asc(webhook::Column::Id).all(&*state.db).await?)
}

/// https, so that nobody on the way reads along; plain http only at an address that the operator
/// has vouched for with `--allow-network`.
pub fn check_url(state: &State, text: &str) -> Result<String> {
    let url = parse_url(text).map_err(|e| Error::invalid("url", e.to_string()))?;
    let address = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
    let vouched = address.is_some_and(|ip| state.serve.allow_networks.iter().any(|net| net.contains(&ip)));
    match url.scheme() == "https" || vouched {
        true if url.fragment().is_none() => Ok(url.into()),
        true => Err(Error::invalid("url", "without a fragment: it is never sent")),
        false => Err(Error::invalid("url", "an https URL")),
    }
}

/// A webhook outlasts the access token of a program that would make it.
fn lasting(who: &Identity) -> Result<()> {
    if matches!(who.via, Via::OAuth(_)) { Err(tokens::passing()) } else { Ok(()) }
}

fn kinds(given: Vec<NoticeKind>) -> Strings {
    let mut words: Vec<_> = given.into_iter().map(|kind| kind.as_str().to_owned()).collect();
    words.sort();
    words.dedup();
    Strings(words)
}

pub async fn create(
    state: &State,
    who: &Identity,
    home: &namespace::Model,
    request: HookRequest,
) -> Result<webhook::Model> {
    lasting(who)?;
    let url = check_url(state, &request.url)?;
    let txn = state.db.begin_write().await?;
    let there = webhook::Entity::find().filter(webhook::Column::NamespaceId.eq(home.id));
    if there.count(&*txn).await? >= MOST {
        return Err(Error::invalid("url", format!("a namespace has at most {MOST} webhooks")));
    }
    let row = webhook::Model {
        id: Uuid::now_v7(),
        namespace_id: home.id,
        url,
        kinds: kinds(request.kinds.unwrap_or_default()),
        enabled: true,
        secret: sign::fresh()?,
        former_secret: None,
        former_until: None,
        created_by: who.id,
        created_at: state.clock.now(),
    };
    webhook::Entity::insert(row.clone().into_active_model()).exec_without_returning(&*txn).await?;
    note(state, &txn, who, "webhook.create", home, &row).await?;
    txn.commit().await?;
    Ok(row)
}

async fn note(
    state: &State,
    txn: &crate::db::WriteTxn<'_>,
    who: &Identity,
    action: &str,
    home: &namespace::Model,
    hook: &webhook::Model,
) -> Result<()> {
    // The path of a receiver is often a secret.
    let host = parse_url(&hook.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let detail = json!({"webhook": hook.id, "host": host, "enabled": hook.enabled});
    let object = format!("namespace:{}", home.handle);
    audit::record(&**txn, &state.clock, &Actor::from(who), action, object, detail).await
}

pub async fn change(
    state: &State,
    who: &Identity,
    home: &namespace::Model,
    hook: webhook::Model,
    change: HookChange,
) -> Result<webhook::Model> {
    lasting(who)?;
    let mut row = webhook::ActiveModel { ..Default::default() };
    if let Some(url) = change.url {
        row.url = Set(check_url(state, &url)?);
    }
    if let Some(given) = change.kinds {
        row.kinds = Set(kinds(given));
    }
    if let Some(enabled) = change.enabled {
        row.enabled = Set(enabled);
    }
    update(state, who, home, (hook.id, row), "webhook.change").await
}

/// Another secret. Until tomorrow messages are signed with the former one too.
pub async fn rotate(
    state: &State,
    who: &Identity,
    home: &namespace::Model,
    hook: webhook::Model,
) -> Result<webhook::Model> {
    lasting(who)?;
    let row = webhook::ActiveModel {
        former_secret: Set(Some(hook.secret)),
        secret: Set(sign::fresh()?),
        former_until: Set(Some(state.clock.now().plus(OVERLAP))),
        ..Default::default()
    };
    update(state, who, home, (hook.id, row), "webhook.rotate").await
}

async fn update(
    state: &State,
    who: &Identity,
    home: &namespace::Model,
    (id, mut row): (Uuid, webhook::ActiveModel),
    action: &str,
) -> Result<webhook::Model> {
    // Only what was asked for: a change beside a rotation must not bring the former secret back.
    let txn = state.db.begin_write().await?;
    row.id = Set(id);
    webhook::Entity::update_many().set(row).filter(webhook::Column::Id.eq(id)).exec(&*txn).await?;
    let hook = webhook::Entity::find_by_id(id).one(&*txn).await?.ok_or_else(Error::not_found)?;
    note(state, &txn, who, action, home, &hook).await?;
    txn.commit().await?;
    Ok(hook)
}

pub async fn remove(
    state: &State,
    who: &Identity,
    home: &namespace::Model,
    hook: webhook::Model,
) -> Result<()> {
    let txn = state.db.begin_write().await?;
    webhook::Entity::delete_by_id(hook.id).exec(&*txn).await?;
    note(state, &txn, who, "webhook.delete", home, &hook).await?;
    txn.commit().await
}
