//! Results of load tests, each below its profile, found by time and by the digest of the module that they are about.
use super::{made, one, owned, page, reply};
use crate::{
    auth::{SignedIn, access::segment},
    error::{Error, Result},
    meshery::{
        documents::{self, New, Raw},
        wire::{Asked, Body, shown},
    },
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use sea_orm::{ColumnTrait, QueryFilter, Select};
use serde_json::{Value, json};
use tamis_entities::{
    meshery_document as row,
    value::{MesheryKind, Sha256, Timestamp},
};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn configure(config: &mut ServiceConfig<'_>) {
    for of in ["/user/performance/profiles/{id}/results", "/api/performance/profiles/{id}/results"] {
        config.route(of, web::get().to(list_of_profile)).route(of, web::post().to(save));
    }
    config
        .route("/api/performance/profiles/{id}/results/{result}", web::get().to(get_of_profile))
        .route("/api/performance/results", web::get().to(list))
        .route("/api/performance/results/{id}", web::get().to(get))
        .route("/api/performance/results/{id}", web::delete().to(delete))
        .route("/api/performance/result/{id}", web::get().to(get));
}

async fn view(state: &State, who: &SignedIn, rows: &[row::Model]) -> Result<Vec<Raw>> {
    let owner = owned(state, who).await?;
    let view = |row: &row::Model| {
        let (id, profile) = (json!(shown(row.id)), json!(row.parent_id.map(shown)));
        documents::view(row, &[("meshery_id", id), ("performance_profile", profile), owner.clone()])
    };
    rows.iter().map(view).collect()
}

/// A moment; of a day alone its first, or its last.
fn moment(field: &str, text: &str, last: bool) -> Result<Timestamp> {
    let day = text.len() == "2026-01-31".len();
    let rest = if last { "T23:59:59.999999Z" } else { "T00:00:00Z" };
    let whole = if day { format!("{text}{rest}") } else { text.to_owned() };
    serde_json::from_value(json!(whole)).map_err(|e| Error::invalid(field, e.to_string()))
}

async fn page_of(
    state: &State,
    who: &SignedIn,
    all: Select<row::Entity>,
    asked: &Asked,
) -> Result<HttpResponse> {
    let (mut all, at) = (all, row::Column::CreatedAt);
    if let Some(text) = asked.one(&["from"]) {
        all = all.filter(at.gte(moment("from", text, false)?));
    }
    if let Some(text) = asked.one(&["to"]) {
        all = all.filter(at.lte(moment("to", text, true)?));
    }
    if let Some(text) = asked.one(&["digest"]) {
        all = all.filter(row::Column::Sha256.eq(
            digest(text).ok_or_else(|| Error::invalid("digest", "`sha256:` and 64 hexadecimal digits"))?,
        ));
    }
    let (rows, total) = documents::page(state, all, asked).await?;
    page(asked, "results", view(state, who, &rows).await?, total)
}

fn digest(text: &str) -> Option<Sha256> {
    text.strip_prefix("sha256:")?.parse().ok()
}

/// The digest among the labels of a result.
fn labelled(raw: &Raw) -> Option<Sha256> {
    let labels = |value: &serde_json::value::RawValue| serde_json::from_str::<Value>(value.get()).ok();
    let own = raw.get("labels").and_then(|v| labels(v));
    let found = own.or_else(|| Some(labels(raw.get("metadata")?)?["labels"].clone()))?;
    found.as_object()?.values().find_map(|value| digest(value.as_str()?))
}

async fn list_of_profile(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    asked: Asked,
) -> Result<HttpResponse> {
    let profile = one(&state, &who, &request, MesheryKind::Profile).await?;
    let of = documents::of(who.0.id, MesheryKind::Result).filter(row::Column::ParentId.eq(profile.id));
    page_of(&state, &who, of, &asked).await
}

async fn get_of_profile(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let profile = one(&state, &who, &request, MesheryKind::Profile).await?;
    let id = segment(&request, "result")?;
    let result = documents::get(&state, who.0.id, MesheryKind::Result, id).await?;
    match result.parent_id == Some(profile.id) {
        true => object(&state, &who, result).await,
        false => Err(Error::not_found()),
    }
}

async fn save(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse> {
    let profile = one(&state, &who, &request, MesheryKind::Profile).await?;
    let raw = documents::parse(&body.bytes)?;
    let name = documents::text(&raw, "name").filter(|n| n.len() <= 1000).unwrap_or_default();
    let sha256 = labelled(&raw);
    let new = New { kind: MesheryKind::Result, parent: Some(profile.id), name, sha256 };
    Ok(made(&documents::insert(&state, who.0.id, new, &raw).await?))
}

async fn list(state: web::Data<State>, who: SignedIn, asked: Asked) -> Result<HttpResponse> {
    page_of(&state, &who, documents::of(who.0.id, MesheryKind::Result), &asked).await
}

async fn object(state: &State, who: &SignedIn, result: row::Model) -> Result<HttpResponse> {
    let view = view(state, who, &[result]).await?.pop().ok_or_else(Error::not_found)?;
    Ok(reply(StatusCode::OK, &view))
}

async fn get(state: web::Data<State>, who: SignedIn, request: HttpRequest) -> Result<HttpResponse> {
    let result = one(&state, &who, &request, MesheryKind::Result).await?;
    object(&state, &who, result).await
}

async fn delete(state: web::Data<State>, who: SignedIn, request: HttpRequest) -> Result<HttpResponse> {
    let result = one(&state, &who, &request, MesheryKind::Result).await?;
    documents::remove(&state, &result).await?;
    Ok(HttpResponse::NoContent().finish())
}
