//! What a Meshery Server notes as events: kept as it came, listed, marked as read and deleted by whom it is
//! about. Tamis makes none itself and reads of each only what lists are narrowed by.
use super::{
    asked::MOST_WORDS,
    documents::{self, New, Raw},
    wire::{Asked, Body, Fields, Profile, answer, both, camel, check_text, ok, shown, stored},
};
use crate::{
    auth::{SignedIn, access::segment},
    error::{Error, Result},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use sea_orm::{
    ColumnTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, ExprTrait, Func, LikeExpr},
};
use serde_json::{Value, json, value::to_raw_value};
use std::collections::{BTreeMap, BTreeSet};
use tamis_entities::{meshery_document as row, value::MesheryKind::Event};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// Most events that are counted, or acted on at once.
const MOST: u64 = 10_000;
const AT_ONCE: usize = 1000;
const LONGEST: usize = 64 * 1024;

pub fn configure(config: &mut ServiceConfig<'_>) {
    for list in ["/events", "/api/events", "/api/events/list"] {
        config.route(list, web::get().to(get_list));
    }
    for summary in ["/events/summary", "/api/events/summary"] {
        config.route(summary, web::get().to(get_summary));
    }
    config
        .route("/events", web::post().to(save))
        .route("/events/delete", web::post().to(delete_many))
        .route("/events/status", web::put().to(mark_many))
        .route("/api/events/status", web::put().to(mark_many))
        .route("/api/events/types", web::get().to(get_types))
        .route("/events/{id}", web::delete().to(delete))
        .route("/events/{id}/status", web::put().to(mark))
        .route("/api/events/{id}/status", web::put().to(mark));
}

async fn save(state: web::Data<State>, who: SignedIn, body: Body) -> Result<HttpResponse> {
    if body.bytes.len() > LONGEST {
        return Err(Error::invalid("body", "an event is at most 64 KiB"));
    }
    let raw = documents::parse(&body.bytes)?;
    let value = serde_json::to_value(&raw).map_err(|e| Error::invalid("body", e.to_string()))?;
    check_text("body", &value)?;
    let name: String = documents::text(&raw, "description").unwrap_or_default().chars().take(250).collect();
    let new = New { kind: Event, parent: None, name, sha256: None };
    let kept = documents::insert(&state, who.0.id, new, &raw).await?;
    Ok(answer(StatusCode::CREATED, &json!({"id": shown(kept.id)})))
}

/// Narrowed by what an event says of itself, such as its severity.
fn narrowed(all: Select<row::Entity>, asked: &Asked) -> Result<Select<row::Entity>> {
    let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for key in ["severity", "category", "action", "status"] {
        wanted.insert(key.into(), asked.list(&[key])?);
    }
    if let Some(text) = asked.one(&["filter"]) {
        let wrong = |_| Error::invalid("filter", "a JSON object, such as {\"severity\": [\"error\"]}");
        let map: serde_json::Map<String, Value> = serde_json::from_str(text).map_err(wrong)?;
        for (key, value) in map {
            let Some(known) = wanted.get_mut(&key) else { continue };
            let words = match value {
                Value::Array(words) => words,
                word => vec![word],
            };
            known.extend(words.iter().filter_map(|word| word.as_str().map(str::to_owned)));
        }
    }
    if wanted.values().any(|words| words.len() > MOST_WORDS) {
        return Err(Error::invalid("filter", format!("at most {MOST_WORDS} words each")));
    }
    let mut all = all;
    for (key, words) in wanted.iter().filter(|(_, words)| !words.is_empty()) {
        let mut any = sea_orm::Condition::any();
        for word in words {
            let pair = format!("{}:{}", json!(key), json!(word)).to_lowercase();
            let escaped = pair.replace('!', "!!").replace('%', "!%").replace('_', "!_");
            let body = Expr::expr(Func::lower(Expr::col((row::Entity, row::Column::Body))));
            any = any.add(body.like(LikeExpr::new(format!("%{escaped}%")).escape('!')));
        }
        all = all.filter(any);
    }
    Ok(all)
}

/// What an event says under a key, read by the database: bodies are large, and the newest are many.
fn said(state: &State, key: &'static str) -> Expr {
    match state.db.backend() {
        DbBackend::Postgres => Expr::cust(format!("substr(body::json ->> '{key}', 1, 255)")),
        _ => Expr::cust(format!("substr(json_extract(body, '$.{key}'), 1, 255)")),
    }
}

type Words = (Option<String>, Option<String>);

/// Two words of each of this person's newest events.
async fn words(state: &State, who: &SignedIn, keys: [&'static str; 2]) -> Result<Vec<Words>> {
    let newest = documents::of(who.0.id, Event).order_by_desc(row::Column::UpdatedAt).limit(MOST);
    let words = newest.select_only().expr_as(said(state, keys[0]), "a").expr_as(said(state, keys[1]), "b");
    Ok(words.into_tuple::<Words>().all(&*state.db).await?)
}

/// How many there are of each severity, and how many were read, of the newest.
async fn counted(state: &State, who: &SignedIn) -> Result<(Vec<Value>, u64, u64)> {
    let (mut severities, mut read, mut total) = (BTreeMap::<String, u64>::new(), 0, 0);
    for (severity, status) in words(state, who, ["severity", "status"]).await? {
        let severity = severity.filter(|s| !s.is_empty()).unwrap_or_else(|| "informational".into());
        *severities.entry(severity).or_default() += 1;
        read += u64::from(status.as_deref() == Some("read"));
        total += 1;
    }
    let counts =
        severities.into_iter().map(|(severity, count)| json!({"severity": severity, "count": count}));
    Ok((counts.collect(), read, total))
}

async fn get_list(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    asked: Asked,
) -> Result<HttpResponse> {
    if request.path() == "/api/events" && asked.one(&["cumulative"]).is_some() {
        return Ok(ok(&json!({"audit": counted(&state, &who).await?.2})));
    }
    let all = narrowed(documents::of(who.0.id, Event), &asked)?;
    let (rows, total) = documents::page(&state, all, &asked).await?;
    let events: Vec<Raw> = rows.iter().map(|row| documents::view(row, &[])).collect::<Result<_>>()?;
    let (severities, read, _) = counted(&state, &who).await?;
    let page = asked.page()?.reply("events", vec![], total);
    let mut page: Raw = serde_json::from_value(page)?;
    // The numbers of an event are the text that came.
    let events = to_raw_value(&events)?;
    page.insert("data".into(), events.clone());
    page.insert("events".into(), events);
    for (name, value) in [("count_by_severity_level", json!(severities)), ("read_count", json!(read))] {
        page.insert(camel(name), to_raw_value(&value)?);
        page.insert(name.into(), to_raw_value(&value)?);
    }
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(page))
}

async fn get_summary(state: web::Data<State>, who: SignedIn, asked: Asked) -> Result<HttpResponse> {
    let (severities, read, total) = counted(&state, &who).await?;
    let mut page = asked.page()?.of("data", severities.clone());
    let more = json!({"count_by_severity_level": severities, "read_count": read, "total_count": total});
    if let (Some(page), Value::Object(more)) = (page.as_object_mut(), both(more)) {
        page.extend(more);
    }
    Ok(ok(&page))
}

/// The pairs of category and action that there are. A Server reads lists of the words, a client the pairs.
async fn get_types(state: web::Data<State>, who: SignedIn, profile: Profile) -> Result<HttpResponse> {
    let pairs = words(&state, &who, ["category", "action"]).await?.into_iter();
    let pairs: BTreeSet<_> = pairs.map(|(c, a)| (c.unwrap_or_default(), a.unwrap_or_default())).collect();
    if profile == Profile::Cloud {
        let pairs = pairs.iter().map(|(category, action)| json!({"category": category, "action": action}));
        return Ok(ok(&pairs.collect()));
    }
    let filled =
        |words: BTreeSet<&String>| words.into_iter().filter(|w| !w.is_empty()).cloned().collect::<Vec<_>>();
    let (categories, actions) =
        (filled(pairs.iter().map(|(c, _)| c).collect()), filled(pairs.iter().map(|(_, a)| a).collect()));
    Ok(ok(&json!({"category": categories, "action": actions})))
}

fn status_of(fields: &mut Fields) -> Result<String> {
    let status = fields.text("status")?.ok_or_else(|| Error::invalid("status", "such as `read`"))?;
    match status.len() > 255 || !crate::text::is_plain_line(&status) {
        true => Err(Error::invalid("status", "one line of at most 255 bytes")),
        false => Ok(status),
    }
}

async fn marked(state: &State, event: &row::Model, status: &str) -> Result<()> {
    let mut raw = documents::parse(event.body.as_bytes())?;
    raw.insert("status".into(), to_raw_value(status)?);
    documents::replace(state, event, event.name.clone(), &raw).await?;
    Ok(())
}

async fn mark(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse> {
    let event = documents::get(&state, who.0.id, Event, segment(&request, "id")?).await?;
    let status = status_of(&mut body.fields()?)?;
    marked(&state, &event, &status).await?;
    Ok(ok(&both(json!({"event_id": shown(event.id), "message": format!("marked as {status}")}))))
}

/// This person's events of a list of ids; what is not theirs is not there.
async fn named(state: &State, who: &SignedIn, fields: &mut Fields) -> Result<Vec<row::Model>> {
    let wrong = || Error::invalid("ids", format!("a list of at most {AT_ONCE} UUIDs"));
    let Some(Value::Array(items)) = fields.take("ids") else { return Err(wrong()) };
    let ids: Option<Vec<Uuid>> =
        items.iter().map(|item| Some(stored(item.as_str()?.parse().ok()?))).collect();
    let ids = ids.filter(|ids| ids.len() <= AT_ONCE).ok_or_else(wrong)?;
    Ok(documents::of(who.0.id, Event).filter(row::Column::Id.is_in(ids)).all(&*state.db).await?)
}

fn ids(events: &[row::Model]) -> Vec<Uuid> {
    events.iter().map(|event| shown(event.id)).collect()
}

async fn mark_many(state: web::Data<State>, who: SignedIn, body: Body) -> Result<HttpResponse> {
    let mut fields = body.fields()?;
    let (events, status) = (named(&state, &who, &mut fields).await?, status_of(&mut fields)?);
    for event in &events {
        marked(&state, event, &status).await?;
    }
    Ok(ok(&json!({"updated": ids(&events)})))
}

async fn delete_many(state: web::Data<State>, who: SignedIn, body: Body) -> Result<HttpResponse> {
    let events = named(&state, &who, &mut body.fields()?).await?;
    let txn = state.db.begin_write().await?;
    let gone = row::Column::Id.is_in(events.iter().map(|event| event.id));
    row::Entity::delete_many().filter(gone).exec(&*txn).await?;
    txn.commit().await?;
    Ok(ok(&json!({"deleted": ids(&events)})))
}

async fn delete(
    state: web::Data<State>,
    who: SignedIn,
    profile: Profile,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let event = documents::get(&state, who.0.id, Event, segment(&request, "id")?).await?;
    documents::remove(&state, &event).await?;
    Ok(match profile {
        Profile::Server => ok(&json!({"id": shown(event.id)})),
        Profile::Cloud => HttpResponse::NoContent().finish(),
    })
}
