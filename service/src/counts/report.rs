//! Reading counts: of one filter, over some days, as far as the caller sees its releases.
use super::view::{Counted, CountedSpan, CountsBy, CountsQuery, CountsView};
use crate::{
    auth::{FilterAccess, access, table::Need},
    error::{Error, Result},
    state::State,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use std::collections::BTreeMap;
use tamis_entities::{
    release, release_count,
    value::{CountKind, Day, ReleaseState},
};

const MOST_DAYS: i64 = 366;
const USUAL_DAYS: i64 = 30;

pub async fn of_filter(state: &State, access: &FilterAccess, query: &CountsQuery) -> Result<CountsView> {
    let (from, to) = range(state, query)?;
    let by = query.by.unwrap_or_default();
    let insider = access.relation.is_insider() || access.relation.admin;
    let mut such = Condition::all()
        .add(release_count::Column::ReleaseId.in_subquery(releases(state, access, query, insider).await?))
        .add(release_count::Column::Day.between(from, to));
    if !insider {
        such = such.add(release_count::Column::Kind.ne(CountKind::Unpublished));
    }
    use release_count::Column::{Day as OfDay, Kind};
    let rows = release_count::Entity::find().select_only().columns([OfDay, Kind]).expr(super::sum());
    let rows = rows.filter(such).group_by(OfDay).group_by(Kind);
    let rows = rows.into_tuple::<(Day, CountKind, i64)>().all(&*state.db).await?;

    let span = |day: Day| if by == CountsBy::Week { day.monday() } else { day };
    let mut spans: BTreeMap<Day, Counted> =
        (from.0..=to.0).map(|day| (span(Day(day)), Counted::none(insider))).collect();
    let mut total = Counted::none(insider);
    for (day, kind, count) in rows {
        total.add(kind, count);
        spans.entry(span(day)).or_default().add(kind, count);
    }
    let items = spans.into_iter().map(|(day, counted)| CountedSpan { day, counted }).collect();
    Ok(CountsView { from, to, by, total, items })
}

fn range(state: &State, query: &CountsQuery) -> Result<(Day, Day)> {
    let to = query.to.unwrap_or_else(|| Day::of(state.clock.now()));
    let from = query.from.unwrap_or(Day(to.0 - USUAL_DAYS + 1));
    match to.0 - from.0 {
        0..MOST_DAYS => Ok((from, to)),
        ..0 => Err(Error::invalid("from", "the first day is not after the last (`to`, or today)")),
        _ => Err(Error::invalid("from", "at most 366 days; ask again for those before")),
    }
}

/// The releases whose counts this caller sees: those of everyone, or all.
async fn releases(
    state: &State,
    access: &FilterAccess,
    query: &CountsQuery,
    insider: bool,
) -> Result<sea_orm::sea_query::SelectStatement> {
    let mut such = Condition::all().add(release::Column::FilterId.eq(access.filter.id));
    if let Some(version) = &query.version {
        let found = access::find_release(&*state.db, access.filter.id, version).await?;
        let found = found.ok_or_else(Error::not_found)?;
        access::check_release(access, &found, Need::ReadRelease)?;
        such = such.add(release::Column::Id.eq(found.id));
    }
    if !insider {
        such = such.add(release::Column::State.is_in([ReleaseState::Published, ReleaseState::Yanked]));
    }
    Ok(release::Entity::find().select_only().column(release::Column::Id).filter(such).into_query())
}
