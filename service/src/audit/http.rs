//! `GET /api/v1/audit`, for administrators.
use crate::{
    auth::SignedIn,
    error::Result,
    http::{
        body::Query,
        page::{Cursors, Page, PageQuery},
        problem::Problems,
    },
    state::State,
};
use actix_web::{get, web};
use sea_orm::{EntityTrait, Order};
use serde::Serialize;
use tamis_entities::{audit_entry, value::Timestamp};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Serialize, ToSchema)]
pub struct AuditView {
    pub id: Uuid,
    pub at: Timestamp,
    pub actor: String,
    pub action: String,
    pub object: String,
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
    /// Its place in the chain; null for about a second.
    pub seq: Option<i64>,
    pub hash: Option<String>,
}

/// Read the audit log
///
/// Newest first.
#[utoipa::path(tag = "audit", operation_id = "listAudit", params(PageQuery),
    responses((status = 200, description = "A page", body = Page<AuditView>), Problems))]
#[get("/api/v1/audit")]
pub async fn list_audit(
    state: web::Data<State>,
    _: SignedIn,
    page: Query<PageQuery>,
) -> Result<web::Json<Page<AuditView>>> {
    let cursors = Cursors { key: &state.secret, context: "audit".into() };
    let rows = audit_entry::Entity::find();
    let (rows, next) = cursors.by_id(&*state.db, rows, audit_entry::Column::Id, Order::Desc, &page.0).await?;
    let view = |e: audit_entry::Model| AuditView {
        id: e.id,
        at: e.at,
        actor: e.actor,
        action: e.action,
        object: e.object,
        detail: e.detail,
        seq: e.seq,
        hash: e.hash,
    };
    Ok(web::Json(Page { items: rows.into_iter().map(view).collect(), next }))
}
