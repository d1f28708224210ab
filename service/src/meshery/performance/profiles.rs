//! Performance profiles: what is run, and what their results say of them.
use super::{name_of, object, one, owned, page, reply, save};
use crate::{
    auth::SignedIn,
    error::{Error, Result},
    meshery::{
        documents::{self, Raw},
        wire::{Asked, Body, Profile},
    },
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use serde_json::{Value, json};
use std::collections::HashMap;
use tamis_entities::{
    meshery_document as row,
    value::{MesheryKind, Timestamp},
};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn configure(config: &mut ServiceConfig<'_>) {
    for profiles in ["/user/performance/profiles", "/api/performance/profiles"] {
        config
            .route(profiles, web::get().to(list))
            .route(profiles, web::post().to(create))
            .route(&format!("{profiles}/{{id}}"), web::get().to(get))
            .route(&format!("{profiles}/{{id}}"), web::delete().to(delete));
    }
    config.route("/api/performance/profiles/{id}", web::put().to(change));
}

/// Profiles with what their results say of them: how many there are, and when the last came.
async fn views(state: &State, who: &SignedIn, rows: &[row::Model]) -> Result<Vec<Raw>> {
    let owner = owned(state, who).await?;
    let counts = row::Entity::find()
        .select_only()
        .column(row::Column::ParentId)
        .column_as(row::Column::Id.count(), "n")
        .column_as(Expr::col(row::Column::CreatedAt).max(), "last")
        .filter(row::Column::ParentId.is_in(rows.iter().map(|r| r.id)))
        .group_by(row::Column::ParentId)
        .into_tuple::<(Option<Uuid>, i64, Option<i64>)>()
        .all(&*state.db)
        .await?;
    let counts: HashMap<_, _> = counts.into_iter().map(|(id, n, last)| (id, (n, last))).collect();
    let view = |row: &row::Model| {
        let (n, last) = counts.get(&Some(row.id)).copied().unwrap_or((0, None));
        let last = last.map_or(Value::Null, |at| json!(Timestamp(at)));
        documents::view(row, &[("total_results", json!(n)), ("last_run", last), owner.clone()])
    };
    rows.iter().map(view).collect()
}

async fn shown(state: &State, who: &SignedIn, profile: row::Model) -> Result<HttpResponse> {
    let view = views(state, who, &[profile]).await?.pop().ok_or_else(Error::not_found)?;
    Ok(reply(StatusCode::OK, &view))
}

async fn list(state: web::Data<State>, who: SignedIn, asked: Asked) -> Result<HttpResponse> {
    let all = documents::of(who.0.id, MesheryKind::Profile);
    let (rows, total) = documents::page(&state, all, &asked).await?;
    page(&asked, "profiles", views(&state, &who, &rows).await?, total)
}

async fn create(state: web::Data<State>, who: SignedIn, body: Body) -> Result<HttpResponse> {
    let profile = save(&state, &who, &body, MesheryKind::Profile).await?;
    shown(&state, &who, profile).await
}

async fn get(state: web::Data<State>, who: SignedIn, request: HttpRequest) -> Result<HttpResponse> {
    let profile = one(&state, &who, &request, MesheryKind::Profile).await?;
    shown(&state, &who, profile).await
}

async fn delete(
    state: web::Data<State>,
    who: SignedIn,
    client: Profile,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let profile = one(&state, &who, &request, MesheryKind::Profile).await?;
    documents::remove(&state, &profile).await?;
    match client {
        Profile::Server => object(&state, &who, StatusCode::OK, &profile).await,
        Profile::Cloud => Ok(HttpResponse::NoContent().finish()),
    }
}

async fn change(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse> {
    let old = one(&state, &who, &request, MesheryKind::Profile).await?;
    let raw = documents::parse(&body.bytes)?;
    name_of(&raw)?;
    shown(&state, &who, documents::merge(&state, &old, &raw).await?).await
}
