//! The job after an event: finds everyone concerned and puts it before each, in one transaction.
//! Run twice it tells nobody twice.
use super::{mail, recipients};
use crate::{error::Result, state::State, webhooks};
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};
use tamis_entities::{event, filter, inbox_item, value::NoticeKind};
use uuid::Uuid;

pub async fn run(state: &State, id: Uuid) -> Result<()> {
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    let Some(event) = event::Entity::find_by_id(id).one(&*txn).await? else { return Ok(()) };
    let Ok(kind) = event.kind.parse::<NoticeKind>() else { return Ok(()) };
    // In the hands in which it is now; of a filter that is gone nobody is told.
    let of = event.filter_id.unwrap_or_default();
    let Some(filter) = filter::Entity::find_by_id(of).one(&*txn).await? else { return Ok(()) };
    let people = recipients::of(&txn, kind, &event, &filter, now).await?;
    let items: Vec<_> = people
        .iter()
        .map(|person| inbox_item::ActiveModel {
            user_id: Set(*person),
            event_id: Set(event.id),
            read_at: Set(None),
            mailed_at: Set(None),
        })
        .collect();
    if !items.is_empty() {
        use inbox_item::Column::*;
        let once = OnConflict::columns([UserId, EventId]).do_nothing().to_owned();
        inbox_item::Entity::insert_many(items).on_conflict(once).exec_without_returning(&*txn).await?;
    }
    mail::plan(state, &txn, &people).await?;
    if !recipients::is_internal(&event) {
        webhooks::deliver::tell(state, &txn, &event, &filter).await?;
    }
    txn.commit().await
}
