//! What a person is told who follows a link to a release that was quarantined since: when, why, and which release
//! to use instead.
use super::stopped::{self, Stopped};
use crate::{
    auth::{
        Caller,
        access::{Relation, Sight, find_release, segment},
        names,
    },
    console::{
        ask, figures,
        frame::{self, Frame},
        parts::*,
    },
    error::Result,
    http::problem::Told,
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tamis_entities::{
    event, release,
    value::{NoticeKind, ReleaseState, Slug, Timestamp, Version},
};

/// Quarantines of one filter that are looked through.
const MOST: u64 = 50;

#[derive(Template)]
#[template(path = "console/filter_barred.html")]
struct Page {
    frame: Frame,
    name: String,
    version: Version,
    /// None when that was longer ago than events are kept.
    since: Option<Timestamp>,
    reason: Option<String>,
    stopped: Stopped,
    told: Told,
    now: Timestamp,
}

/// The version that the address names, in its path or in its query.
fn version(request: &HttpRequest) -> Option<Version> {
    let named = segment(request, "version").ok();
    let mut query = url::form_urlencoded::parse(request.query_string().as_bytes());
    named.or_else(|| query.find(|(name, _)| name == "version").and_then(|(_, text)| text.parse().ok()))
}

/// None where the address names no release that this caller may know to be quarantined.
pub async fn page(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    status: StatusCode,
    told: &Told,
) -> Result<Option<HttpResponse>> {
    let (Ok(handle), Ok(name)) = (segment::<Slug>(request, "namespace"), segment::<Slug>(request, "filter"))
    else {
        return Ok(None);
    };
    let (db, now) = (&*state.db, state.clock.now());
    let Some(version) = version(request) else { return Ok(None) };
    let Some(place) = names::filter(db, &handle, &name).await? else { return Ok(None) };
    let Some(release) = find_release(db, place.filter.id, &version).await? else { return Ok(None) };
    let relation = Relation::find(db, caller, &place.filter, now).await?;
    let known = relation.sight(&place.filter, &release) != Sight::Nothing;
    if !known || release.state != ReleaseState::Quarantined {
        return Ok(None);
    }
    let Some(stopped) = stopped::of(state, caller.identity(), false, &release).await? else {
        return Ok(None);
    };
    let title = format!("{} {version} is quarantined", place.filter.name);
    let page = Page {
        frame: Frame::of(state, request, caller, "catalog", title)?.looking("narrow"),
        name: format!("{}/{}", place.namespace.handle, place.filter.name),
        since: since(state, &release).await?,
        stopped,
        reason: release.state_reason,
        version,
        told: told.clone(),
        now,
    };
    frame::reply(status, &page).map(Some)
}

/// When it was quarantined last. Events are read from the newest back to its upload at most.
async fn since(state: &State, release: &release::Model) -> Result<Option<Timestamp>> {
    let stops = event::Entity::find()
        .filter(event::Column::CreatedAt.gte(release.created_at))
        .filter(event::Column::FilterId.eq(release.filter_id))
        .filter(event::Column::Kind.eq(NoticeKind::ReleaseQuarantine.as_str()))
        .order_by_desc(event::Column::CreatedAt)
        .limit(MOST);
    let of_it = |event: &event::Model| event.payload["version"] == release.version.as_str();
    Ok(stops.all(&*state.db).await?.iter().find(|event| of_it(event)).map(|event| event.created_at))
}
