//! What people do about a review besides deciding it.
use crate::{
    audit::{self, Actor},
    auth::ReviewAccess,
    error::{Error, Result},
    state::State,
};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::json;
use tamis_entities::review_comment;
use uuid::Uuid;

pub async fn comment(state: &State, found: &ReviewAccess, body: &str) -> Result<()> {
    let text = body.trim();
    if text.is_empty() || text.len() > 10_000 {
        return Err(Error::invalid("body", "1 to 10000 bytes"));
    }
    let who = found.access.who()?;
    let txn = state.db.begin_write().await?;
    let row = review_comment::ActiveModel {
        id: Set(Uuid::now_v7()),
        review_id: Set(found.review.id),
        user_id: Set(who.id),
        body: Set(text.to_owned()),
        created_at: Set(state.clock.now()),
    };
    review_comment::Entity::insert(row).exec_without_returning(&*txn).await?;
    let object = format!("release:{}@{}", found.access.name(), found.release.version);
    let detail = json!({"review": found.review.id});
    audit::record(&*txn, &state.clock, &Actor::from(who), "review.comment", object, detail).await?;
    txn.commit().await
}
