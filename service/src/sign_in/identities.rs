//! The identities of an account: which providers can open it. The last way in is never removed.
use super::{mapping, settings::Rules};
use crate::{
    audit::{self, Actor},
    auth::Identity,
    error::{Error, Result},
    state::State,
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use tamis_entities::{external_identity as identity, local_password, user};
use uuid::Uuid;

pub async fn list(state: &State, user: Uuid) -> Result<Vec<identity::Model>> {
    let rows = identity::Entity::find().filter(identity::Column::UserId.eq(user));
    Ok(rows.order_by_asc(identity::Column::Id).all(&*state.db).await?)
}

/// Removes one, and what its groups gave.
pub async fn unlink(state: &State, who: &Identity, id: Uuid) -> Result<()> {
    let txn = state.db.begin_write().await?;
    // Two removals at once must not each leave the other as the last way in.
    user::Entity::find_by_id(who.id).lock_exclusive().one(&*txn).await?;
    let rows = identity::Entity::find().filter(identity::Column::UserId.eq(who.id)).all(&*txn).await?;
    let gone = rows.iter().find(|row| row.id == id).ok_or_else(Error::not_found)?;
    let settings = &state.sign_in.settings;
    let open = |key: &str| match key.strip_prefix("oidc:") {
        Some(id) => settings.oidc(id).is_some(),
        None => settings.github.is_some(),
    };
    let others = rows.iter().any(|row| row.id != id && open(&row.provider));
    let password = settings.local && local_password::Entity::find_by_id(who.id).count(&*txn).await? > 0;
    if !others && !password {
        let detail = "this is the last way into your account; set a password or link another identity first";
        return Err(Error::conflict("last-way-in", detail));
    }
    identity::Entity::delete_by_id(id).exec(&*txn).await?;
    if !rows.iter().any(|row| row.id != id && row.provider == gone.provider) {
        mapping::apply(state, &txn, who.id, &gone.provider, &Rules::default(), &[]).await?;
    }
    let detail = json!({"provider": gone.provider});
    let object = format!("user:{}", who.handle);
    audit::record(&*txn, &state.clock, &Actor::from(who), "identity.unlink", object, detail).await?;
    txn.commit().await
}
