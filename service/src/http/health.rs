//! `/health/live`, `/health/ready`, `/metrics`.
use crate::{error::Result, http::problem::Problems, state::State};
use actix_web::{HttpResponse, get, web};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde::Serialize;
use std::{
    sync::{OnceLock, atomic::Ordering},
    time::Duration,
};
use tamis_entities::{job, value::JobState};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct HealthView {
    pub database: bool,
    pub blobs: bool,
}

/// The process runs
#[utoipa::path(tag = "operation", operation_id = "getLive", responses((status = 204, description = "Alive"), Problems), security(()))]
#[get("/health/live")]
pub async fn get_live() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// The process can serve
///
/// 503 while the database or the object store is away, and once the process has been told to stop.
#[utoipa::path(tag = "operation", operation_id = "getReady",
    responses((status = 200, description = "Ready", body = HealthView), (status = 503, description = "Not ready", body = HealthView), Problems), security(()))]
#[get("/health/ready")]
pub async fn get_ready(state: web::Data<State>) -> HttpResponse {
    let view = parts(&state).await;
    let ready = view.database && view.blobs && !state.leaving.load(Ordering::Relaxed);
    let mut reply = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    reply.insert_header(("Cache-Control", "no-store")).json(view)
}

/// Whether what the server needs answers now.
pub async fn parts(state: &State) -> HealthView {
    let limit = Duration::from_secs(3);
    let database = tokio::time::timeout(limit, state.db.execute_unprepared("SELECT 1"));
    let blobs = tokio::time::timeout(limit, state.blobs.health());
    let (database, blobs) = tokio::join!(database, blobs);
    HealthView { database: matches!(database, Ok(Ok(_))), blobs: matches!(blobs, Ok(Ok(()))) }
}

fn recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE.get_or_init(|| PrometheusBuilder::new().install_recorder().ok()).as_ref()
}

/// Starts recording; once per process.
pub fn install_recorder() {
    let _ = recorder();
}

/// Metrics in Prometheus text form
#[utoipa::path(tag = "operation", operation_id = "getMetrics", responses((status = 200, description = "Counters", content_type = "text/plain", body = String), Problems), security(()))]
#[get("/metrics")]
pub async fn get_metrics(state: web::Data<State>) -> Result<HttpResponse> {
    for (name, wanted) in [("queued", JobState::Queued), ("dead", JobState::Dead)] {
        if let Ok(n) = job::Entity::find().filter(job::Column::State.eq(wanted)).count(&*state.db).await {
            metrics::gauge!("tamis_jobs", "state" => name).set(n as f64);
        }
    }
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(rendered()))
}

/// Folds what was measured into its buckets. Rendering does so too, but nobody may ever ask for that, and until then
/// each request is kept.
pub fn upkeep() {
    if let Some(recorder) = recorder() {
        recorder.run_upkeep();
    }
}

/// The metrics of this process, as text.
pub fn rendered() -> String {
    recorder().map(PrometheusHandle::render).unwrap_or_default()
}
