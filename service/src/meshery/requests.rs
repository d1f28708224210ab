//! Requests for the catalog as Meshery lists and decides them: reviews that ask for a publication, and designs
//! that somebody wants in the catalog. `pending`, `approved` and `denied` are read off the state.
use super::{
    designs, profile,
    wire::{Asked, Body, By, Pages, both, ok, shown, stored},
};
use crate::{
    auth::{self, Caller, SignedIn, access::load_review, table::Need},
    error::{Error, Result},
    reviews::{checks, decide, queue, release},
    state::State,
};
use actix_web::{HttpResponse, web};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, Func, LikeExpr},
};
use serde_json::{Value, json};
use std::collections::HashMap;
use tamis_entities::{
    filter, review,
    value::{Decision, MesheryRequest as Status, ReviewAction, ReviewState},
};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .route("/api/catalog/requests", web::get().to(list))
        .route("/api/catalog/requests/approve", web::post().to(approve))
        .route("/api/catalog/requests/deny", web::post().to(deny));
}

const STATES: [(Status, &[ReviewState]); 3] = {
    use ReviewState::*;
    [
        (Status::Pending, &[Checking, BlockedByChecks, InReview, ChangesRequested]),
        (Status::Approved, &[Approved, Published]),
        (Status::Denied, &[Rejected, Withdrawn, Expired, Superseded]),
    ]
};

pub fn status(state: ReviewState) -> Status {
    let found = STATES.iter().find(|(_, states)| states.contains(&state));
    found.map_or(Status::Denied, |(status, _)| *status)
}

/// One request, whoever made it.
pub fn request(id: Uuid, content: (&str, Uuid, &str), who: Option<&Value>, status: Status) -> Value {
    let said = |key: &str| who.and_then(|w| w[key].as_str()).unwrap_or_default().to_owned();
    json!({
        "id": id,
        "content_id": content.1,
        "content_name": content.2,
        "content_type": content.0,
        "content_class": "community",
        "first_name": said("first_name"),
        "last_name": said("last_name"),
        "email": said("email"),
        "status": status,
        "user": who,
    })
}

async fn views(state: &State, reviews: Vec<review::Model>) -> Result<Vec<Value>> {
    let people = profile::people(state, reviews.iter().map(|r| r.submitted_by)).await?;
    let ids = reviews.iter().map(|r| r.filter_id);
    let filters = filter::Entity::find().filter(filter::Column::Id.is_in(ids)).all(&*state.db).await?;
    let filters: HashMap<_, _> = filters.into_iter().map(|f| (f.id, f)).collect();
    let view = |r: review::Model| {
        let filter = filters.get(&r.filter_id)?;
        let content = ("filter", filter.meshery_id, filter.title.as_str());
        let who = people.get(&r.submitted_by);
        let mut object = request(shown(r.id), content, who, status(r.state));
        object["created_at"] = json!(r.created_at);
        object["updated_at"] = json!(r.updated_at);
        object["action"] = json!(r.action);
        Some(both(object))
    };
    Ok(reviews.into_iter().filter_map(view).collect())
}

pub async fn one(state: &State, id: Uuid) -> Result<Value> {
    let review = review::Entity::find_by_id(id).one(&*state.db).await?.ok_or_else(Error::not_found)?;
    views(state, vec![review]).await?.pop().ok_or_else(Error::not_found)
}

/// What the parameter `filter` asks for: `{"status": "pending"}`, or a list of such words.
fn wanted(asked: &Asked) -> Result<Vec<Status>> {
    let Some(text) = asked.one(&["filter"]) else { return Ok(vec![]) };
    let wrong = |_| Error::invalid("filter", "a JSON object, such as {\"status\": [\"pending\"]}");
    let map: serde_json::Map<String, Value> = serde_json::from_str(text).map_err(wrong)?;
    let words = match map.get("status") {
        None | Some(Value::Null) => vec![],
        Some(Value::Array(words)) => words.clone(),
        Some(word) => vec![word.clone()],
    };
    let unknown = || Error::invalid("filter", "a status is `pending`, `approved` or `denied`");
    let parse = |word: &Value| word.as_str().and_then(|w| w.parse().ok()).ok_or_else(unknown);
    let mut wanted: Vec<Status> = words.iter().map(parse).collect::<Result<_>>()?;
    // There are three; a list that names one again and again says no more.
    wanted.sort_by_key(|status| status.as_str());
    wanted.dedup();
    Ok(wanted)
}

fn conditions(asked: &Asked, wanted: &[Status]) -> Result<Condition> {
    let mut all = Condition::all().add(review::Column::Action.eq(ReviewAction::Publish));
    if !wanted.is_empty() {
        let states = STATES.iter().filter(|(s, _)| wanted.contains(s)).flat_map(|(_, states)| *states);
        all = all.add(review::Column::State.is_in(states.copied()));
    }
    if let Some(words) = asked.search()? {
        let escaped = words.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
        let title = Expr::expr(Func::lower(Expr::col((filter::Entity, filter::Column::Title))));
        let named = filter::Entity::find().select_only().column(filter::Column::Id);
        let named = named.filter(title.like(LikeExpr::new(format!("%{escaped}%")).escape('!')));
        all = all.add(review::Column::FilterId.in_subquery(named.into_query()));
    }
    Ok(all)
}

/// Reviews first, designs after them, as one list.
async fn list(state: web::Data<State>, who: SignedIn, asked: Asked) -> Result<HttpResponse> {
    let (pages, order, wanted) = (asked.page()?, asked.order()?, wanted(&asked)?);
    let within = conditions(&asked, &wanted)?.add(queue::visible(&who.0, state.clock.now()));
    let all = review::Entity::find().filter(within);
    let total = all.clone().count(&*state.db).await?;
    let column = if order.by == By::Updated { review::Column::UpdatedAt } else { review::Column::CreatedAt };
    let all = match order.falling {
        true => all.order_by_desc(column).order_by_desc(review::Column::Id),
        false => all.order_by_asc(column).order_by_asc(review::Column::Id),
    };
    let rows = all.offset(pages.offset()).limit(pages.size).all(&*state.db).await?;
    let mut rows = views(&state, rows).await?;
    let (designs, more) = rest(&state, &who, &wanted, pages, total).await?;
    rows.extend(designs);
    let mut page = pages.reply("catalog_requests", rows, total + more);
    page["catalogRequests"] = page["catalog_requests"].clone();
    Ok(ok(&page))
}

/// What of the page the reviews leave to designs, and how many of those there are.
async fn rest(
    state: &State,
    who: &SignedIn,
    wanted: &[Status],
    pages: Pages,
    before: u64,
) -> Result<(Vec<Value>, u64)> {
    let designs = designs::requested(state, &who.0, wanted).await?;
    let more = designs.len() as u64;
    let from = pages.offset().saturating_sub(before);
    let until = pages.offset().saturating_add(pages.size).saturating_sub(before);
    let rows = designs.into_iter().enumerate().filter(|(n, _)| (from..until).contains(&(*n as u64)));
    Ok((rows.map(|(_, row)| row).collect(), more))
}

async fn approve(state: web::Data<State>, caller: Caller, body: Body) -> Result<HttpResponse> {
    decided(&state, caller, body, Decision::Approve).await
}

async fn deny(state: web::Data<State>, caller: Caller, body: Body) -> Result<HttpResponse> {
    decided(&state, caller, body, Decision::Reject).await
}

async fn decided(state: &State, caller: Caller, body: Body, decision: Decision) -> Result<HttpResponse> {
    let mut fields = body.fields()?;
    let (id, note) = (fields.need_id()?, fields.text("note")?);
    if let Some(done) = designs::decide(state, &caller, id, decision == Decision::Approve).await? {
        return Ok(ok(&done));
    }
    let review = vote(state, caller, stored(id), decision, note).await?;
    Ok(ok(&one(state, review).await?))
}

fn not_pending(status: Status) -> Error {
    Error::conflict("wrong-state", format!("this request is {status} already"))
}

/// A vote like any other, on what the review is bound to. Meshery has one button for approving and releasing.
async fn vote(
    state: &State,
    caller: Caller,
    id: Uuid,
    decision: Decision,
    note: Option<String>,
) -> Result<Uuid> {
    let found = load_review(state, caller.clone(), id, Need::VoteReview).await?;
    auth::recent(found.access.who()?, &state.clock)?;
    match status(found.review.state) {
        Status::Pending => {}
        decided => return Err(not_pending(decided)),
    }
    if found.review.state == ReviewState::Checking {
        checks::run(state, id).await?;
    }
    let request = decide::VoteRequest {
        decision,
        digest: found.review.sha256.clone(),
        revision: Some(found.review.revision.clone()),
        evidence: None,
        reason: None,
        note: Some(note.unwrap_or_else(|| "Decided in Meshery.".into())),
    };
    decide::vote(state, &found, request).await?;
    let found = load_review(state, caller, id, Need::ReadReview).await?;
    if found.review.state == ReviewState::Approved
        && let Err(error) = release::release(state, &found).await
    {
        tracing::info!(review = %id, %error, "approved, and not released yet");
    }
    Ok(id)
}
