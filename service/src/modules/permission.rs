//! By which release a caller may have bytes that not everybody may: a few questions to the database,
//! however many releases hold them.
use crate::{
    auth::{Caller, Identity, access::quarantined},
    error::{Error, Result},
    filters::list::insider,
    state::State,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::Expr,
};
use tamis_entities::{
    filter, release, review,
    value::{ReleaseState, Sha256, Timestamp, Visibility},
};

const PUBLIC: [ReleaseState; 2] = [ReleaseState::Published, ReleaseState::Yanked];

/// The release, and whether anyone may have the bytes by it. The same questions are asked about what
/// nobody holds: the clock would tell that from what is not for this caller's eyes.
pub async fn find(state: &State, caller: &Caller, sha256: &Sha256) -> Result<(release::Model, bool)> {
    let now = state.clock.now();
    let one = async |such: Condition| {
        let held = release::Entity::find().filter(release::Column::Sha256.eq(sha256.clone()));
        held.filter(such).limit(1).one(&*state.db).await
    };
    if let Some(release) = stopped(state, caller.identity(), sha256).await? {
        return Err(quarantined(&release));
    }
    let public = Condition::all().add(release::Column::State.is_in(PUBLIC));
    if let Some(release) = one(public).await? {
        return Ok((release, true));
    }
    let who = caller.identity().ok_or_else(Error::not_found)?;
    let release = one(drafts(who, now)).await?.ok_or_else(Error::not_found)?;
    Ok((release, false))
}

/// The release as which the bytes are quarantined, if the caller knows of one.
pub async fn stopped(
    state: &State,
    who: Option<&Identity>,
    sha256: &Sha256,
) -> Result<Option<release::Model>> {
    let held = release::Entity::find().filter(release::Column::Sha256.eq(sha256.clone()));
    let held = held.filter(barred(who, state.clock.now())).order_by_asc(release::Column::Id);
    Ok(held.limit(1).one(&*state.db).await?)
}

/// Quarantined, and the caller knows of it: wherever else the bytes are, they are told why not.
fn barred(who: Option<&Identity>, now: Timestamp) -> Condition {
    let quarantined = Condition::all().add(release::Column::State.eq(ReleaseState::Quarantined));
    let was_public = Condition::any().add(release::Column::PriorState.is_in(PUBLIC));
    match who {
        None => quarantined.add(was_public),
        Some(who) if who.is_curator() => quarantined,
        Some(who) => quarantined.add(was_public.add(in_filter(shown(who, now)))),
    }
}

fn drafts(who: &Identity, now: Timestamp) -> Condition {
    let draft = Condition::all().add(release::Column::State.eq(ReleaseState::Draft));
    let mut theirs = Condition::any().add(in_filter(shown(who, now)));
    if who.is_curator() {
        theirs = theirs.add(under_review());
    }
    draft.add(theirs)
}

/// Filters whose drafts this person reads.
fn shown(who: &Identity, now: Timestamp) -> Condition {
    insider(who, now).add(filter::Column::Visibility.eq(Visibility::Public))
}

/// Looked up for each release by its filter's key: one digest has fewer releases than a person may see filters.
fn in_filter(such: Condition) -> Expr {
    let its =
        Expr::col((filter::Entity, filter::Column::Id)).equals((release::Entity, release::Column::FilterId));
    let found = filter::Entity::find().select_only().column(filter::Column::Id).filter(its);
    Expr::exists(found.filter(such).into_query())
}

fn under_review() -> Expr {
    let its = Expr::col((review::Entity, review::Column::FilterId))
        .equals((release::Entity, release::Column::FilterId));
    Expr::exists(review::Entity::find().select_only().column(review::Column::Id).filter(its).into_query())
}
