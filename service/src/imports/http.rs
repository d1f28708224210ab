//! `POST /api/v1/imports`.
use super::ImportRequest;
use crate::{
    auth::Caller,
    error::Result,
    http::{body::Json, problem::Problems},
    releases::view::{ReleaseView, release_view},
    state::State,
};
use actix_web::{HttpResponse, post, web};

/// Import by URL
///
/// Fetches, unpacks, verifies and stores, then answers as an upload does. Addresses inside
/// private networks are refused unless the operator allows them.
#[utoipa::path(tag = "releases", operation_id = "importRelease", request_body = ImportRequest,
    responses((status = 201, description = "Imported", body = ReleaseView), (status = 200, description = "The same bytes were there already", body = ReleaseView), Problems))]
#[post("/api/v1/imports")]
pub async fn import_release(
    state: web::Data<State>,
    caller: Caller,
    body: Json<ImportRequest>,
) -> Result<HttpResponse> {
    let uploaded = super::import(&state, caller, body.0).await?;
    let view = release_view(&state, &uploaded.namespace, &uploaded.filter, &uploaded.release, true).await?;
    let mut reply = if uploaded.created { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(reply.json(view))
}
