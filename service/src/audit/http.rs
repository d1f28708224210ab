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
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect};
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
    let limit = page.0.limit()?;
    let cursors = Cursors { key: &state.secret, context: "audit".into() };
    let mut rows = audit_entry::Entity::find();
    if let Some(id) = cursors.open::<Uuid>(page.0.after.as_deref())? {
        rows = rows.filter(audit_entry::Column::Id.lt(id));
    }
    let mut rows =
        rows.order_by(audit_entry::Column::Id, Order::Desc).limit(limit + 1).all(&*state.db).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = if more { rows.last().map(|r| cursors.seal(&r.id)).transpose()? } else { None };
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
