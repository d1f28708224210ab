//! The texts of a stored module: read from its bytes when they are first asked for, and remembered
//! beside the module's row, since bytes of a digest never change.
use super::deliver;
use crate::{error::Result, state::State};
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};
use tamis_entities::{module, module_texts, value::Sha256};
use tamis_verification::{READER, Texts};

/// What was read before, or what is read now.
pub async fn of(state: &State, sha256: &Sha256) -> Result<Texts> {
    if let Some(texts) = known(state, sha256).await? {
        return Ok(texts);
    }
    let texts = deliver::examine(state, sha256, tamis_verification::texts).await?;
    remember(state, sha256, &texts).await?;
    Ok(texts)
}

async fn known(state: &State, sha256: &Sha256) -> Result<Option<Texts>> {
    let row = module_texts::Entity::find_by_id(sha256.clone()).one(&*state.db).await?;
    let row = row.filter(|row| row.reader == READER);
    Ok(row.map(|row| serde_json::from_value(row.texts)).transpose()?)
}

async fn remember(state: &State, sha256: &Sha256, texts: &Texts) -> Result<()> {
    let row = module_texts::ActiveModel {
        sha256: Set(sha256.clone()),
        reader: Set(READER.to_owned()),
        texts: Set(serde_json::to_value(texts)?),
        created_at: Set(state.clock.now()),
    };
    use module_texts::Column;
    let again = OnConflict::column(Column::Sha256)
        .update_columns([Column::Reader, Column::Texts, Column::CreatedAt])
        .to_owned();
    let txn = state.db.begin_write().await?;
    // Collected meanwhile: then nobody needs it, and the row would hang on nothing.
    if module::Entity::find_by_id(sha256.clone()).one(&*txn).await?.is_none() {
        return Ok(());
    }
    module_texts::Entity::insert(row).on_conflict(again).exec_without_returning(&*txn).await?;
    txn.commit().await
}
