//! What Meshery notes of the resources that its designs made; kept and handed back, read by nobody here.
use crate::{
    auth::{SignedIn, access::segment},
    error::Result,
    meshery::{
        documents::{self, New},
        wire::{Asked, Body},
    },
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;
use tamis_entities::value::MesheryKind;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .route("/patterns/resource", web::get().to(list))
        .route("/patterns/resource", web::post().to(save))
        .route("/patterns/resource/{id}", web::get().to(get))
        .route("/patterns/resource/{id}", web::delete().to(delete));
}

const KIND: MesheryKind = MesheryKind::PatternResource;

async fn list(state: web::Data<State>, who: SignedIn, asked: Asked) -> Result<HttpResponse> {
    let (rows, total) = documents::page(&state, documents::of(who.0.id, KIND), &asked).await?;
    let rows = rows.iter().map(|row| documents::view(row, &[])).collect::<Result<Vec<_>>>()?;
    let mut page = asked.page()?.reply("resources", vec![], total);
    page["resources"] = serde_json::to_value(rows)?;
    Ok(HttpResponse::Ok().json(page))
}

async fn save(state: web::Data<State>, who: SignedIn, body: Body) -> Result<HttpResponse> {
    let raw = documents::parse(&body.bytes)?;
    let name = documents::text(&raw, "name").filter(|n| n.len() <= 1000).unwrap_or_default();
    let kept =
        documents::insert(&state, who.0.id, New { kind: KIND, parent: None, name, sha256: None }, &raw);
    Ok(HttpResponse::Ok().json(documents::view(&kept.await?, &[])?))
}

async fn get(state: web::Data<State>, who: SignedIn, request: HttpRequest) -> Result<HttpResponse> {
    let kept = documents::get(&state, who.0.id, KIND, segment(&request, "id")?).await?;
    Ok(HttpResponse::Ok().json(documents::view(&kept, &[])?))
}

async fn delete(state: web::Data<State>, who: SignedIn, request: HttpRequest) -> Result<HttpResponse> {
    let kept = documents::get(&state, who.0.id, KIND, segment(&request, "id")?).await?;
    documents::remove(&state, &kept).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}
