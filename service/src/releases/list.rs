//! Which releases of a filter a caller finds in its list, newest upload first.
use super::view::ReleaseItem;
use crate::{
    auth::FilterAccess,
    error::Result,
    http::page::{Cursors, Page, PageQuery},
    state::State,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QuerySelect};
use tamis_entities::{
    release,
    value::{ReleaseState, Version, Visibility},
};
use uuid::Uuid;

pub async fn list(state: &State, access: &FilterAccess, page: &PageQuery) -> Result<Page<ReleaseItem>> {
    let cursors = Cursors {
        key: &state.secret,
        context: format!("releases|{}|{}", access.caller.key(), access.filter.id),
    };
    let rows =
        release::Entity::find().filter(release::Column::FilterId.eq(access.filter.id)).filter(listed(access));
    let newest = (release::Column::Id, Order::Desc);
    let (items, next) =
        cursors.parts_by_id(&*state.db, rows, newest, page, |item: &ReleaseItem| item.id).await?;
    Ok(Page { items, next })
}

/// Of all that are published, whichever page they are on, the one that is meant by who names none.
pub async fn latest(state: &State, filter: Uuid) -> Result<Option<Version>> {
    let versions = release::Entity::find()
        .select_only()
        .column(release::Column::Version)
        .filter(release::Column::FilterId.eq(filter))
        .filter(release::Column::State.eq(ReleaseState::Published));
    let versions = versions.into_tuple::<Version>().all(&*state.db).await?;
    Ok(versions.into_iter().max_by_key(Version::rank))
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
