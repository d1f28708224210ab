//! Performance profiles, results, schedules and test configurations: what Meshery runs and measures is kept as
//! it came, and paged. Nothing here is read by Tamis but the digest that a result may name.
mod profiles;
mod records;
mod results;

use super::{
    documents::{self, New, Raw},
    profile,
    wire::{Asked, Body, answer, shown, stored},
};
use crate::{
    auth::{SignedIn, access::segment},
    error::{Error, Result},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use sea_orm::{ColumnTrait, QueryFilter};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use tamis_entities::{meshery_document as row, value::MesheryKind};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn configure(config: &mut ServiceConfig<'_>) {
    profiles::configure(config);
    results::configure(config);
    records::configure(config);
}

#[derive(Serialize)]
struct PageView {
    page: u64,
    page_size: u64,
    #[serde(rename = "pageSize")]
    page_size_camel: u64,
    total_count: u64,
    #[serde(rename = "totalCount")]
    total_count_camel: u64,
    #[serde(flatten)]
    rows: HashMap<&'static str, Vec<Raw>>,
}

fn reply(status: StatusCode, value: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status).insert_header(("cache-control", "no-store")).json(value)
}

fn page(asked: &Asked, name: &'static str, rows: Vec<Raw>, total: u64) -> Result<HttpResponse> {
    let pages = asked.page()?;
    let view = PageView {
        page: pages.page,
        page_size: pages.size,
        page_size_camel: pages.size,
        total_count: total,
        total_count_camel: total,
        rows: HashMap::from([(name, rows)]),
    };
    Ok(reply(StatusCode::OK, &view))
}

/// Whose it is, for the object that goes out: Meshery's pages show it, and its load generators do not send it.
async fn owned(state: &State, who: &SignedIn) -> Result<(&'static str, Value)> {
    Ok(("user_id", json!(profile::id_of(state, who).await?)))
}

async fn list_of(
    state: &State,
    who: &SignedIn,
    asked: &Asked,
    kind: MesheryKind,
    name: &'static str,
) -> Result<HttpResponse> {
    let owner = [owned(state, who).await?];
    let (rows, total) = documents::page(state, documents::of(who.0.id, kind), asked).await?;
    let rows = rows.iter().map(|row| documents::view(row, &owner)).collect::<Result<_>>()?;
    page(asked, name, rows, total)
}

fn name_of(raw: &Raw) -> Result<String> {
    let name = documents::text(raw, "name").unwrap_or_default();
    match name.len() > 1000 {
        true => Err(Error::invalid("name", "at most 1000 bytes")),
        false => Ok(name),
    }
}

/// Keeps a document under a new id, or puts it over its own if this person has it already.
async fn save(state: &State, who: &SignedIn, body: &Body, kind: MesheryKind) -> Result<row::Model> {
    let raw = documents::parse(&body.bytes)?;
    let name = name_of(&raw)?;
    if let Some(id) = documents::id(&raw) {
        let own =
            documents::of(who.0.id, kind).filter(row::Column::Id.eq(stored(id))).one(&*state.db).await?;
        if let Some(old) = own {
            return documents::merge(state, &old, &raw).await;
        }
    }
    documents::insert(state, who.0.id, New { kind, parent: None, name, sha256: None }, &raw).await
}

async fn one(state: &State, who: &SignedIn, request: &HttpRequest, kind: MesheryKind) -> Result<row::Model> {
    documents::get(state, who.0.id, kind, segment(request, "id")?).await
}

async fn object(
    state: &State,
    who: &SignedIn,
    status: StatusCode,
    document: &row::Model,
) -> Result<HttpResponse> {
    Ok(reply(status, &documents::view(document, &[owned(state, who).await?])?))
}

fn made(document: &row::Model) -> HttpResponse {
    // Values that are texts: Meshery reads nothing else here.
    answer(StatusCode::CREATED, &json!({"id": shown(document.id)}))
}
