//! Handlers of `/namespaces/{namespace}/webhooks`, the pages.
use super::{
    Fields, Outcome,
    hook::{self, Done, HookForm},
    page, path, read,
};
use crate::{
    auth::{SignedIn, access::segment},
    console::{
        ask::BareForm,
        frame::{self, see},
        own_form::OwnForm,
        refused::wants_a_page,
    },
    error::{Kind, Result},
    http::{body::Query, problem::Problems},
    state::State,
    webhooks::{self, deliver},
};
use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{Method, StatusCode},
    post, web,
};
use serde::Deserialize;
use tamis_entities::{namespace, webhook};
use utoipa::IntoParams;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HookQuery {
    /// The dialog that is open.
    pub ask: Option<String>,
    /// Where the page of messages before ended.
    pub after: Option<String>,
}

async fn home(state: &State, who: &SignedIn, request: &HttpRequest) -> Result<namespace::Model> {
    let reading = request.method() == Method::GET;
    webhooks::home(state, &who.0, &segment(request, "namespace")?, reading).await
}

async fn found(
    state: &State,
    who: &SignedIn,
    request: &HttpRequest,
) -> Result<(namespace::Model, webhook::Model)> {
    let home = home(state, who, request).await?;
    let hook = webhooks::find(state, &home, segment(request, "id")?).await?;
    Ok((home, hook))
}

/// Webhooks of a namespace
#[utoipa::path(tag = "pages", operation_id = "showWebhooks",
    params(("namespace" = String, Path, description = "Handle of a user or team")),
    responses((status = 200, description = "All of them, and the form for another", content_type = "text/html", body = String), Problems))]
#[get("/namespaces/{namespace}/webhooks")]
pub async fn show_webhooks(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let home = home(&state, &who, &request).await?;
    frame::reply(StatusCode::OK, &page(&state, &request, &who.0, home, Outcome::default()).await?)
}

/// Make a webhook by a form
///
/// Each kind of event that it shall be told of is a field with its name; none: everything.
#[utoipa::path(tag = "pages", operation_id = "createWebhookByForm",
    params(("namespace" = String, Path, description = "Handle of a user or team")),
    request_body(content = BTreeMap<String, String>, content_type = "application/x-www-form-urlencoded"),
    responses((status = 201, description = "Its page, with the secret on it once", content_type = "text/html", body = String), Problems))]
#[post("/namespaces/{namespace}/webhooks")]
pub async fn create_webhook_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    form: OwnForm<Fields>,
) -> Result<HttpResponse> {
    let home = home(&state, &who, &request).await?;
    let made = async { webhooks::create(&state, &who.0, &home, read(&form.0)?).await };
    match made.await {
        Ok(made) => {
            let secret = Some(made.secret.0.clone());
            let page = hook::page(&state, &request, &who.0, (home, made), (None, None), secret).await?;
            frame::reply(StatusCode::CREATED, &page)
        }
        Err(error) if error.kind() == Kind::Invalid && wants_a_page(&request) => {
            let outcome = Outcome::refused(error, form.0);
            let status = outcome.status();
            frame::reply(status, &page(&state, &request, &who.0, home, outcome).await?)
        }
        Err(error) => Err(error),
    }
}

/// A webhook
#[utoipa::path(tag = "pages", operation_id = "showWebhook",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("id" = uuid::Uuid, Path, description = "Id of the webhook"), HookQuery),
    responses((status = 200, description = "Its messages and their answers", content_type = "text/html", body = String), Problems))]
#[get("/namespaces/{namespace}/webhooks/{id}")]
pub async fn show_webhook(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    query: Query<HookQuery>,
) -> Result<HttpResponse> {
    let found = found(&state, &who, &request).await?;
    let page = hook::page(&state, &request, &who.0, found, (query.0.ask, query.0.after), None).await?;
    frame::reply(StatusCode::OK, &page)
}

/// Ping, switch, rotate or delete a webhook by a form
#[utoipa::path(tag = "pages", operation_id = "changeWebhookByForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("id" = uuid::Uuid, Path, description = "Id of the webhook")),
    request_body(content = HookForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "Rotated: its page, with the new secret on it once", content_type = "text/html", body = String),
        (status = 303, description = "Back to it, or to the list when it is gone"), Problems))]
#[post("/namespaces/{namespace}/webhooks/{id}")]
pub async fn change_webhook_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    form: OwnForm<HookForm>,
) -> Result<HttpResponse> {
    let (home, found) = found(&state, &who, &request).await?;
    let (list, id) = (path(&home.handle), found.id);
    match hook::act(&state, &who.0, &home, found, &form.0.act).await? {
        Done::Same => Ok(see(&format!("{list}/{id}"))),
        Done::Gone => Ok(see(&list)),
        Done::Rotated(hook) => {
            let secret = Some(hook.secret.0.clone());
            let page = hook::page(&state, &request, &who.0, (home, hook), (None, None), secret).await?;
            frame::reply(StatusCode::OK, &page)
        }
    }
}

/// Send a message again by a form
#[utoipa::path(tag = "pages", operation_id = "redeliverByForm",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("id" = uuid::Uuid, Path, description = "Id of the webhook"),
        ("delivery" = uuid::Uuid, Path, description = "Id of the delivery")),
    request_body(content = BareForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "Back to the webhook"), Problems))]
#[post("/namespaces/{namespace}/webhooks/{id}/deliveries/{delivery}/redelivery")]
pub async fn redeliver_by_form(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
    _: OwnForm<BareForm>,
) -> Result<HttpResponse> {
    let (home, hook) = found(&state, &who, &request).await?;
    deliver::again(&state, &hook, segment(&request, "delivery")?).await?;
    Ok(see(&format!("{}/{}", path(&home.handle), hook.id)))
}
