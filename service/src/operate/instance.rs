//! What an instance makes once and keeps, and what a server says of itself to the commands beside it.
use crate::{
    clock,
    db::Db,
    error::{Error, Result},
};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, sea_query::OnConflict};
use tamis_entities::setting;

pub async fn read<C: ConnectionTrait>(db: &C, key: &str) -> Result<Option<String>> {
    Ok(setting::Entity::find_by_id(key.to_owned()).one(db).await?.map(|s| s.value))
}

/// The value under this key, made now if there is none; the first to write wins.
pub async fn keep(db: &Db, key: &str, fresh: impl FnOnce() -> Result<String>) -> Result<String> {
    if let Some(value) = read(&**db, key).await? {
        return Ok(value);
    }
    let txn = db.begin_write().await?;
    let row = setting::ActiveModel { key: Set(key.to_owned()), value: Set(fresh()?) };
    let first = OnConflict::column(setting::Column::Key).do_nothing().to_owned();
    setting::Entity::insert(row).on_conflict(first).exec_without_returning(&*txn).await?;
    txn.commit().await?;
    read(&**db, key).await?.ok_or_else(|| Error::internal("a setting vanished"))
}

/// The URL that the server was last started with.
pub const PUBLIC_URL: &str = "public-url";

/// Puts this value under the key; nothing is written if it is there.
pub async fn remember(db: &Db, key: &str, value: &str) -> Result<()> {
    if read(&**db, key).await?.as_deref() == Some(value) {
        return Ok(());
    }
    let txn = db.begin_write().await?;
    let row = setting::ActiveModel { key: Set(key.to_owned()), value: Set(value.to_owned()) };
    let last = OnConflict::column(setting::Column::Key).update_column(setting::Column::Value).to_owned();
    setting::Entity::insert(row).on_conflict(last).exec_without_returning(&*txn).await?;
    txn.commit().await
}

/// The key that signs cursors.
pub async fn secret(db: &Db) -> Result<[u8; 32]> {
    let text = keep(db, "secret", || Ok(hex::encode(clock::random::<32>()?))).await?;
    let mut secret = [0; 32];
    hex::decode_to_slice(&text, &mut secret)
        .map_err(|e| Error::internal(format!("the instance secret is damaged: {e}")))?;
    Ok(secret)
}
