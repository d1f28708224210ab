//! Handlers of `/api/v1/me/inbox` and `/api/v1/me/notifications`.
use super::{
    inbox::{self, Which},
    view::{InboxItem, InboxQuery, NotificationSettings, UnreadView},
};
use crate::{
    auth::{Caller, access::segment},
    error::Result,
    http::{
        body::{Json, Query},
        page::Page,
        problem::Problems,
    },
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};

/// Read your inbox
///
/// What happened to your releases and requests, and for curators which requests came in; newest
/// first, for 90 days. What you may no longer see is gone from here too.
#[utoipa::path(tag = "notifications", operation_id = "listInbox", params(InboxQuery),
    responses((status = 200, description = "A page", body = Page<InboxItem>), Problems))]
#[get("/api/v1/me/inbox")]
pub async fn list_inbox(
    state: web::Data<State>,
    caller: Caller,
    query: Query<InboxQuery>,
) -> Result<web::Json<Page<InboxItem>>> {
    Ok(web::Json(inbox::list(&state, &caller, &query.0).await?))
}

/// Count what is unread
#[utoipa::path(tag = "notifications", operation_id = "countUnread",
    responses((status = 200, description = "How much of your inbox you have not read", body = UnreadView), Problems))]
#[get("/api/v1/me/inbox/unread")]
pub async fn count_unread(state: web::Data<State>, caller: Caller) -> Result<web::Json<UnreadView>> {
    Ok(web::Json(UnreadView { unread: inbox::unread(&state, &caller).await? }))
}

/// Mark everything as read
#[utoipa::path(tag = "notifications", operation_id = "readInbox",
    responses((status = 204, description = "Marked"), Problems))]
#[post("/api/v1/me/inbox/read")]
pub async fn read_inbox(state: web::Data<State>, caller: Caller) -> Result<HttpResponse> {
    inbox::read(&state, &caller, Which::All).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Mark an item as read
#[utoipa::path(tag = "notifications", operation_id = "readInboxItem",
    params(("id" = uuid::Uuid, Path, description = "Id of the item")),
    responses((status = 204, description = "Marked"), Problems))]
#[post("/api/v1/me/inbox/{id}/read")]
pub async fn read_inbox_item(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse> {
    inbox::read(&state, &caller, Which::One(segment(&request, "id")?)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How you are told
#[utoipa::path(tag = "notifications", operation_id = "getNotifications",
    responses((status = 200, description = "As it is set", body = NotificationSettings), Problems))]
#[get("/api/v1/me/notifications")]
pub async fn get_notifications(
    state: web::Data<State>,
    caller: Caller,
) -> Result<web::Json<NotificationSettings>> {
    Ok(web::Json(NotificationSettings { mail: inbox::wants_mail(&state, &caller).await? }))
}

/// Choose how you are told
#[utoipa::path(tag = "notifications", operation_id = "putNotifications", request_body = NotificationSettings,
    responses((status = 200, description = "As it is set now", body = NotificationSettings), Problems))]
#[put("/api/v1/me/notifications")]
pub async fn put_notifications(
    state: web::Data<State>,
    caller: Caller,
    body: Json<NotificationSettings>,
) -> Result<web::Json<NotificationSettings>> {
    inbox::want_mail(&state, &caller, body.0.mail).await?;
    Ok(web::Json(body.0))
}
