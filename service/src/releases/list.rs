//! Which releases of a filter a caller finds in its list, newest upload first.
use super::view::ReleaseItem;
use crate::{
    auth::FilterAccess,
    error::Result,
    http::page::{Cursors, Page, PageQuery},
    state::State,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Order, QueryFilter};
use tamis_entities::{
    release,
    value::{ReleaseState, Visibility},
};

pub async fn list(state: &State, access: &FilterAccess, page: &PageQuery) -> Result<Page<ReleaseItem>> {
    let cursors = Cursors {
        key: &state.secret,
        context: format!("releases|{}|{}", access.caller.key(), access.filter.id),
    };
    let rows =
        release::Entity::find().filter(release::Column::FilterId.eq(access.filter.id)).filter(listed(access));
    let (rows, next) = cursors.by_id(&*state.db, rows, release::Column::Id, Order::Desc, page).await?;
    Ok(Page { items: rows.into_iter().map(Into::into).collect(), next })
}

/// The states that this caller finds in the list.
fn listed(access: &FilterAccess) -> Condition {
    let relation = &access.relation;
    if relation.is_insider() || relation.reviews || relation.admin {
        return Condition::all();
    }
    let mut states = vec![ReleaseState::Published];
    if access.filter.visibility == Visibility::Public && relation.id.is_some() {
        states.push(ReleaseState::Draft);
    }
    Condition::all().add(release::Column::State.is_in(states))
}
