//! The append-only log: a row in the transaction of each change, sealed in order into a
//! hash chain each second by whoever holds the lease. Knows what happened, not why.
pub mod chain;
pub mod http;
pub mod list;

use crate::{
    auth::{Identity, caller::Via},
    clock::Clock,
    error::Result,
};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use serde_json::Value;
use tamis_entities::audit_entry;
use uuid::Uuid;

/// Who did it, as the log writes it.
pub struct Actor(String);

impl From<&Identity> for Actor {
    fn from(who: &Identity) -> Self {
        match who.via {
            Via::Operator => Self::system(who.handle.as_str()),
            Via::Publisher(id) => Self(format!("publisher:{id} for user:{}", who.handle)),
            _ if who.robot => Self(format!("robot:{}", who.handle)),
            _ => Self::user(who.handle.as_str()),
        }
    }
}

impl Actor {
    pub fn user(handle: &str) -> Self {
        Self(format!("user:{handle}"))
    }

    /// What a rule does by itself, for whoever made it.
    pub fn rule(id: Uuid, who: &Identity) -> Self {
        let kind = if who.robot { "robot" } else { "user" };
        Self(format!("rule:{id} for {kind}:{}", who.handle))
    }

    /// `operator` for commands, `seed`, `seed-review`, `gc` and the like.
    pub fn system(name: &str) -> Self {
        Self(format!("system:{name}"))
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

pub async fn record<C: ConnectionTrait>(
    txn: &C,
    clock: &Clock,
    actor: &Actor,
    action: &str,
    object: impl Into<String>,
    detail: Value,
) -> Result<()> {
    let entry = audit_entry::ActiveModel {
        id: Set(Uuid::now_v7()),
        at: Set(clock.now()),
        actor: Set(actor.0.clone()),
        action: Set(action.to_owned()),
        object: Set(object.into()),
        detail: Set(detail),
        seq: Set(None),
        hash: Set(None),
    };
    audit_entry::Entity::insert(entry).exec_without_returning(txn).await?;
    Ok(())
}
