//! What stands beside profiles and results: metrics, conformance tests, test configurations, schedules.
use super::{list_of, made, object, one, reply, save};
use crate::{
    auth::SignedIn,
    error::{Error, Result},
    meshery::{
        documents,
        wire::{Asked, Body, shown},
    },
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde_json::json;
use tamis_entities::value::MesheryKind;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .route("/result/metrics", web::put().to(put_metrics))
        .route("/smi/results", web::post().to(save_smi))
        .route("/smi/results", web::get().to(list_smi))
        .route("/smi/result/{id}", web::get().to(get_smi))
        .route("/user/test-config", web::post().to(save_test_config))
        .route("/user/test-config", web::get().to(get_test_config))
        .route("/user/test-config", web::delete().to(delete_test_config))
        .route("/user/schedules", web::get().to(list_schedules))
        .route("/user/schedules", web::post().to(save_schedule))
        .route("/user/schedules/{id}", web::get().to(get_schedule))
        .route("/user/schedules/{id}", web::delete().to(delete_schedule));
}

async fn put_metrics(state: web::Data<State>, who: SignedIn, body: Body) -> Result<HttpResponse> {
    let kept = save(&state, &who, &body, MesheryKind::Metrics).await?;
    Ok(reply(StatusCode::OK, &json!({"id": shown(kept.id)})))
}

async fn save_smi(state: web::Data<State>, who: SignedIn, body: Body) -> Result<HttpResponse> {
    Ok(made(&save(&state, &who, &body, MesheryKind::Smi).await?))
}

async fn list_smi(state: web::Data<State>, who: SignedIn, asked: Asked) -> Result<HttpResponse> {
    list_of(&state, &who, &asked, MesheryKind::Smi, "results").await
}

async fn get_smi(state: web::Data<State>, who: SignedIn, request: HttpRequest) -> Result<HttpResponse> {
    let kept = one(&state, &who, &request, MesheryKind::Smi).await?;
    object(&state, &who, StatusCode::OK, &kept).await
}

/// The answer is the id and nothing around it.
async fn save_test_config(state: web::Data<State>, who: SignedIn, body: Body) -> Result<HttpResponse> {
    let kept = save(&state, &who, &body, MesheryKind::TestConfig).await?;
    Ok(HttpResponse::Created().content_type("text/plain").body(shown(kept.id).to_string()))
}

fn test_id(asked: &Asked) -> Result<Option<Uuid>> {
    let text = asked.one(&["test_uuid", "testUuid"]);
    text.map(|t| t.parse().map_err(|_| Error::invalid("test_uuid", "a UUID"))).transpose()
}

async fn get_test_config(state: web::Data<State>, who: SignedIn, asked: Asked) -> Result<HttpResponse> {
    let Some(id) = test_id(&asked)? else {
        return list_of(&state, &who, &asked, MesheryKind::TestConfig, "test_configs").await;
    };
    let config = documents::get(&state, who.0.id, MesheryKind::TestConfig, id).await?;
    object(&state, &who, StatusCode::OK, &config).await
}

async fn delete_test_config(state: web::Data<State>, who: SignedIn, asked: Asked) -> Result<HttpResponse> {
    let id = test_id(&asked)?.ok_or_else(|| Error::invalid("test_uuid", "which one"))?;
    let config = documents::get(&state, who.0.id, MesheryKind::TestConfig, id).await?;
    documents::remove(&state, &config).await?;
    object(&state, &who, StatusCode::OK, &config).await
}

async fn list_schedules(state: web::Data<State>, who: SignedIn, asked: Asked) -> Result<HttpResponse> {
    list_of(&state, &who, &asked, MesheryKind::Schedule, "schedules").await
}

async fn save_schedule(state: web::Data<State>, who: SignedIn, body: Body) -> Result<HttpResponse> {
    let kept = save(&state, &who, &body, MesheryKind::Schedule).await?;
    object(&state, &who, StatusCode::CREATED, &kept).await
}

async fn get_schedule(state: web::Data<State>, who: SignedIn, request: HttpRequest) -> Result<HttpResponse> {
    let schedule = one(&state, &who, &request, MesheryKind::Schedule).await?;
    object(&state, &who, StatusCode::OK, &schedule).await
}

async fn delete_schedule(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let schedule = one(&state, &who, &request, MesheryKind::Schedule).await?;
    documents::remove(&state, &schedule).await?;
    object(&state, &who, StatusCode::OK, &schedule).await
}
