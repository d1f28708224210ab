//! Handlers of `/api/v1/namespaces/{namespace}/webhooks`.
use super::{
    deliver,
    view::{DeliveryView, HookChange, HookRequest, HookView, NewHookView},
};
use crate::{
    auth::{SignedIn, access::segment},
    error::Result,
    http::{
        body::{Json, Query},
        page::{Page, PageQuery},
        problem::Problems,
    },
    state::State,
};
use actix_web::{
    HttpRequest, HttpResponse, delete, get,
    http::{Method, header},
    patch, post, web,
};
use tamis_entities::{namespace, webhook};

async fn home(state: &State, who: &SignedIn, request: &HttpRequest) -> Result<namespace::Model> {
    let reading = request.method() == Method::GET;
    super::home(state, &who.0, &segment(request, "namespace")?, reading).await
}

/// The namespace and the webhook in the path.
async fn hook(
    state: &State,
    who: &SignedIn,
    request: &HttpRequest,
) -> Result<(namespace::Model, webhook::Model)> {
    let home = home(state, who, request).await?;
    let hook = super::find(state, &home, segment(request, "id")?).await?;
    Ok((home, hook))
}

/// The answers that have the secret; nothing on the way may keep them.
fn shown_once(mut reply: actix_web::HttpResponseBuilder, hook: webhook::Model) -> HttpResponse {
    reply.insert_header((header::CACHE_CONTROL, "no-store")).json(NewHookView::from(hook))
}

/// List webhooks
#[utoipa::path(tag = "notifications", operation_id = "listWebhooks",
    params(("namespace" = String, Path, description = "Handle of a user or team")),
    responses((status = 200, description = "All of the namespace's", body = Page<HookView>), Problems))]
#[get("/api/v1/namespaces/{namespace}/webhooks")]
pub async fn list_webhooks(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<web::Json<Page<HookView>>> {
    let rows = super::list(&state, &home(&state, &who, &request).await?).await?;
    Ok(web::Json(Page { items: rows.into_iter().map(Into::into).collect(), next: None }))
}

/// Create a webhook
///
/// Every event of the namespace's filters is sent there as a POST, signed as the Standard Webhooks
/// specification says, again and again for two days until it is answered with a 2xx.
#[utoipa::path(tag = "notifications", operation_id = "createWebhook", request_body = HookRequest,
    params(("namespace" = String, Path, description = "Handle of a user or team")),
    responses((status = 201, description = "The webhook with its secret, shown once", body = NewHookView), Problems))]
#[post("/api/v1/namespaces/{namespace}/webhooks")]
pub async fn create_webhook(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    body: Json<HookRequest>,
) -> Result<HttpResponse> {
    let home = home(&state, &who, &request).await?;
    Ok(shown_once(HttpResponse::Created(), super::create(&state, &who.0, &home, body.0).await?))
}

/// Get a webhook
#[utoipa::path(tag = "notifications", operation_id = "getWebhook",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("id" = uuid::Uuid, Path, description = "Id of the webhook")),
    responses((status = 200, description = "The webhook", body = HookView), Problems))]
#[get("/api/v1/namespaces/{namespace}/webhooks/{id}")]
pub async fn get_webhook(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<web::Json<HookView>> {
    Ok(web::Json(hook(&state, &who, &request).await?.1.into()))
}

/// Change a webhook
#[utoipa::path(tag = "notifications", operation_id = "changeWebhook", request_body = HookChange,
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("id" = uuid::Uuid, Path, description = "Id of the webhook")),
    responses((status = 200, description = "Changed", body = HookView), Problems))]
#[patch("/api/v1/namespaces/{namespace}/webhooks/{id}")]
pub async fn change_webhook(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    body: Json<HookChange>,
) -> Result<web::Json<HookView>> {
    let (home, hook) = hook(&state, &who, &request).await?;
    Ok(web::Json(super::change(&state, &who.0, &home, hook, body.0).await?.into()))
}

/// Delete a webhook
#[utoipa::path(tag = "notifications", operation_id = "deleteWebhook",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("id" = uuid::Uuid, Path, description = "Id of the webhook")),
    responses((status = 204, description = "Deleted, with what was still to be sent"), Problems))]
#[delete("/api/v1/namespaces/{namespace}/webhooks/{id}")]
pub async fn delete_webhook(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let (home, hook) = hook(&state, &who, &request).await?;
    super::remove(&state, &who.0, &home, hook).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Rotate a webhook's secret
///
/// For a day messages carry both signatures.
#[utoipa::path(tag = "notifications", operation_id = "rotateWebhookSecret",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("id" = uuid::Uuid, Path, description = "Id of the webhook")),
    responses((status = 200, description = "The webhook with its new secret, shown once", body = NewHookView), Problems))]
#[post("/api/v1/namespaces/{namespace}/webhooks/{id}/rotation")]
pub async fn rotate_webhook(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let (home, hook) = hook(&state, &who, &request).await?;
    Ok(shown_once(HttpResponse::Ok(), super::rotate(&state, &who.0, &home, hook).await?))
}

/// Ping a webhook
///
/// Sends a message of the type `ping`, to see whether it arrives.
#[utoipa::path(tag = "notifications", operation_id = "pingWebhook",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("id" = uuid::Uuid, Path, description = "Id of the webhook")),
    responses((status = 202, description = "Will be sent", body = DeliveryView), Problems))]
#[post("/api/v1/namespaces/{namespace}/webhooks/{id}/ping")]
pub async fn ping_webhook(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let (_, hook) = hook(&state, &who, &request).await?;
    Ok(HttpResponse::Accepted().json(DeliveryView::from(deliver::ping(&state, &hook).await?)))
}

/// List deliveries
///
/// The messages of the last 90 days, newest first, each with its last answer.
#[utoipa::path(tag = "notifications", operation_id = "listDeliveries",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("id" = uuid::Uuid, Path, description = "Id of the webhook"), PageQuery),
    responses((status = 200, description = "A page", body = Page<DeliveryView>), Problems))]
#[get("/api/v1/namespaces/{namespace}/webhooks/{id}/deliveries")]
pub async fn list_deliveries(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    page: Query<PageQuery>,
) -> Result<web::Json<Page<DeliveryView>>> {
    let (_, hook) = hook(&state, &who, &request).await?;
    Ok(web::Json(deliver::list(&state, &hook, &page.0).await?))
}

/// Send a message again
#[utoipa::path(tag = "notifications", operation_id = "redeliver",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("id" = uuid::Uuid, Path, description = "Id of the webhook"),
        ("delivery" = uuid::Uuid, Path, description = "Id of the delivery")),
    responses((status = 202, description = "Will be sent, with the same `webhook-id`", body = DeliveryView), Problems))]
#[post("/api/v1/namespaces/{namespace}/webhooks/{id}/deliveries/{delivery}/redelivery")]
pub async fn redeliver(state: web::Data<State>, who: SignedIn, request: HttpRequest) -> Result<HttpResponse> {
    let (_, hook) = hook(&state, &who, &request).await?;
    let delivery = deliver::again(&state, &hook, segment(&request, "delivery")?).await?;
    Ok(HttpResponse::Accepted().json(DeliveryView::from(delivery)))
}
