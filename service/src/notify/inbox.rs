//! Reading an inbox. What somebody was told stays theirs only as long as they may read the review,
//! or are still one of the filter's people: that is asked anew each time.
use super::view::{InboxItem, InboxQuery};
use crate::{
    auth::{Caller, Identity},
    error::{Error, Result},
    filters::list::insider,
    http::page::{Cursors, Page, PageQuery},
    reviews::queue,
    state::State,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, Order, PaginatorTrait, QueryFilter, QuerySelect,
    QueryTrait,
    sea_query::{Expr, OnConflict},
};
use std::collections::HashMap;
use tamis_entities::{event, filter, inbox_item, mail_setting, review, value::Timestamp};
use uuid::Uuid;

/// The items of this person that they may still see. Asked of each item, so that the work grows
/// with the inbox and not with what has happened in all the world.
pub fn of(who: &Identity, now: Timestamp) -> Condition {
    let review = review::Entity::find()
        .select_only()
        .column(review::Column::Id)
        .filter(
            Expr::col((review::Entity, review::Column::Id)).equals((event::Entity, event::Column::ReviewId)),
        )
        .filter(queue::visible(who, now));
    let filter = filter::Entity::find()
        .select_only()
        .column(filter::Column::Id)
        .filter(
            Expr::col((filter::Entity, filter::Column::Id)).equals((event::Entity, event::Column::FilterId)),
        )
        .filter(insider(who, now));
    let of_no_review =
        Condition::all().add(event::Column::ReviewId.is_null()).add(Expr::exists(filter.into_query()));
    let event = event::Entity::find()
        .select_only()
        .column(event::Column::Id)
        .filter(
            Expr::col((event::Entity, event::Column::Id))
                .equals((inbox_item::Entity, inbox_item::Column::EventId)),
        )
        .filter(Condition::any().add(Expr::exists(review.into_query())).add(of_no_review));
    Condition::all().add(inbox_item::Column::UserId.eq(who.id)).add(Expr::exists(event.into_query()))
}

fn mine(caller: &Caller) -> Result<&Identity> {
    caller.identity().ok_or_else(|| Error::unauthenticated("sign in, or send a token"))
}

pub async fn list(state: &State, caller: &Caller, query: &InboxQuery) -> Result<Page<InboxItem>> {
    let who = mine(caller)?;
    let page = PageQuery { after: query.after.clone(), limit: query.limit };
    let context = format!("inbox|{}|{:?}", who.id, query.unread);
    let cursors = Cursors { key: &state.secret, context };
    let mut such = of(who, state.clock.now());
    such = match query.unread {
        Some(true) => such.add(inbox_item::Column::ReadAt.is_null()),
        Some(false) => such.add(inbox_item::Column::ReadAt.is_not_null()),
        None => such,
    };
    let rows = inbox_item::Entity::find().filter(such);
    let (rows, next) =
        cursors.by_id(&*state.db, rows, inbox_item::Column::EventId, Order::Desc, &page).await?;
    let ids = rows.iter().map(|item| item.event_id);
    let events = event::Entity::find().filter(event::Column::Id.is_in(ids)).all(&*state.db).await?;
    let mut events: HashMap<_, _> = events.into_iter().map(|e| (e.id, e)).collect();
    let items = rows.iter().filter_map(|item| Some(InboxItem::of(item, events.remove(&item.event_id)?)));
    Ok(Page { items: items.collect::<Result<_>>()?, next })
}

pub async fn unread(state: &State, caller: &Caller) -> Result<u64> {
    let such = of(mine(caller)?, state.clock.now()).add(inbox_item::Column::ReadAt.is_null());
    Ok(inbox_item::Entity::find().filter(such).count(&*state.db).await?)
}

/// Marks one item, or all there is.
pub async fn read(state: &State, caller: &Caller, which: Which) -> Result<()> {
    let who = mine(caller)?;
    let now = state.clock.now();
    let mut such = of(who, now);
    if let Which::One(id) = which {
        such = such.add(inbox_item::Column::EventId.eq(id));
        if inbox_item::Entity::find().filter(such.clone()).count(&*state.db).await? == 0 {
            return Err(Error::not_found());
        }
    }
    let txn = state.db.begin_write().await?;
    inbox_item::Entity::update_many()
        .col_expr(inbox_item::Column::ReadAt, Expr::value(now))
        .filter(such.add(inbox_item::Column::ReadAt.is_null()))
        .exec(&*txn)
        .await?;
    txn.commit().await
}

#[derive(Clone, Copy)]
pub enum Which {
    One(Uuid),
    All,
}

pub async fn wants_mail(state: &State, caller: &Caller) -> Result<bool> {
    let row = mail_setting::Entity::find_by_id(mine(caller)?.id).one(&*state.db).await?;
    Ok(row.is_none_or(|row| row.wanted))
}

pub async fn want_mail(state: &State, caller: &Caller, wanted: bool) -> Result<()> {
    use sea_orm::ActiveValue::Set;
    let txn = state.db.begin_write().await?;
    let user_id = Set(mine(caller)?.id);
    let row =
        mail_setting::ActiveModel { user_id, wanted: Set(wanted), due_at: Set(None), sent_at: Set(None) };
    let again = OnConflict::column(mail_setting::Column::UserId)
        .update_column(mail_setting::Column::Wanted)
        .to_owned();
    mail_setting::Entity::insert(row).on_conflict(again).exec_without_returning(&*txn).await?;
    txn.commit().await
}
