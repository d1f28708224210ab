//! What a person is told who follows a link to a release that was quarantined since: when, why, and which release
//! to use instead.
use super::stopped::{self, Stopped};
use crate::{
    auth::{
        Caller, FilterAccess,
        access::{Relation, Sight, segment},
        granted::look_in_vain,
        names,
    },
    console::{
        ask, figures,
        frame::{self, Frame},
        parts::*,
    },
    error::Result,
    http::{problem::Told, route},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tamis_entities::{
    event, release,
    value::{NoticeKind, ReleaseState, Slug, Timestamp, Version},
};
use uuid::Uuid;

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
    /// Its id, for whoever asks for help.
    request: String,
    now: Timestamp,
}

/// The page of a filter, where no version needs to be named.
const FILTER: &str = "/filters/{namespace}/{filter}";

/// What the address may mean: the version that it names, in its path or in its query, or whichever there is.
enum Meant {
    This(Version),
    Any,
}

fn meant(request: &HttpRequest) -> Option<Meant> {
    if request.match_info().get("version").is_some() {
        return segment(request, "version").ok().map(Meant::This);
    }
    let mut query = url::form_urlencoded::parse(request.query_string().as_bytes());
    match query.find(|(name, text)| name == "version" && !text.is_empty()) {
        Some((_, text)) => text.parse().ok().map(Meant::This),
        None => (route::pattern(request).as_deref() == Some(FILTER)).then_some(Meant::Any),
    }
}

/// Of releases that were never published none is meant as long as there is another.
async fn quarantined(state: &State, filter: Uuid, meant: Meant) -> Result<Option<release::Model>> {
    use release::Column::{FilterId, Id, PublishedAt, State as Is, Version};
    let all = release::Entity::find().filter(FilterId.eq(filter)).filter(Is.eq(ReleaseState::Quarantined));
    let such = match meant {
        Meant::This(version) => all.filter(Version.eq(version)),
        Meant::Any => all.order_by_asc(PublishedAt.is_null()).order_by_desc(PublishedAt).order_by_desc(Id),
    };
    Ok(such.limit(1).one(&*state.db).await?)
}

/// The version that is meant by who names none and finds no release in the list: they may be told of one that was stopped.
pub async fn newest(state: &State, access: &FilterAccess) -> Result<Option<Version>> {
    let release = quarantined(state, access.filter.id, Meant::Any).await?;
    let known = |release: &release::Model| access.relation.sight(&access.filter, release) != Sight::Nothing;
    Ok(release.filter(known).map(|release| release.version))
}

/// Whether this refusal may give way to such a page: a filter of which nothing is left but what was stopped is refused
/// like one that is not there.
pub fn may_be(told: &Told, request: &HttpRequest) -> bool {
    told.code == "quarantined"
        || (told.code == "not-found" && route::pattern(request).as_deref() == Some(FILTER))
}

/// None where the address means no release that this caller may know to be quarantined. It takes as long to find out
/// where there is nothing at all.
pub async fn page(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    told: &Told,
) -> Result<Option<HttpResponse>> {
    let (Ok(handle), Ok(name)) = (segment::<Slug>(request, "namespace"), segment::<Slug>(request, "filter"))
    else {
        return Ok(None);
    };
    let (db, now) = (&*state.db, state.clock.now());
    let Some(meant) = meant(request) else { return Ok(None) };
    let place = names::filter(db, &handle, &name).await?;
    let release =
        quarantined(state, place.as_ref().map_or(Uuid::nil(), |place| place.filter.id), meant).await?;
    let Some(place) = place else { return Ok(None) };
    let Some(release) = release else {
        look_in_vain(state, caller).await?;
        return Ok(None);
    };
    let relation = Relation::find(db, caller, &place.filter, now).await?;
    if relation.sight(&place.filter, &release) == Sight::Nothing {
        return Ok(None);
    }
    let Some(stopped) = stopped::of(state, caller.identity(), false, &release).await? else {
        return Ok(None);
    };
    let title = format!("{} {} is quarantined", place.filter.name, release.version);
    let page = Page {
        frame: Frame::of(state, request, caller, "catalog", title)?.looking("narrow"),
        name: format!("{}/{}", place.namespace.handle, place.filter.name),
        since: since(state, &release).await?,
        stopped,
        reason: release.state_reason,
        version: release.version,
        request: told.instance.clone(),
        now,
    };
    frame::reply(StatusCode::FORBIDDEN, &page).map(Some)
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
