//! `Idempotency-Key` on JSON POSTs: the first request with a key is served, later ones of the
//! same caller get its answer again. PUT, PATCH and DELETE repeat safely by nature. An
//! answer that holds a new secret is never kept, so making tokens takes no key.
use crate::{
    auth::{Caller, Identity, standing},
    error::{Error, Result},
    state::State,
};
use actix_web::{
    Error as ActixError, HttpMessage, HttpResponse, HttpResponseBuilder, ResponseError,
    body::{BoxBody, MessageBody, to_bytes_limited},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header},
    middleware::Next,
    web,
};
use futures_util::StreamExt;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use std::{sync::Arc, time::Duration};
use tamis_entities::{idempotency_key as kept, value::Sha256};
use utoipa::openapi;
use uuid::Uuid;

/// What answers with a secret, or is sent one: neither is kept, not even as a hash.
fn is_secretive(path: &str) -> bool {
    const SECRETS: [&str; 5] = [
        "/api/v1/targets",
        "/api/v1/oauth-clients",
        "/api/v1/me/password",
        "/api/v1/me/identities/link",
        "/api/v1/trusted-publishing/token",
    ];
    const ENDS: [&str; 5] = ["/tokens", "/capability-urls", "/renewal", "/webhooks", "/rotation"];
    ENDS.iter().any(|end| path.ends_with(end)) || path.contains("/config/") || SECRETS.contains(&path)
}

const MOST: usize = 1024 * 1024;
/// How long an answer is kept.
pub const LIFE: Duration = Duration::from_secs(24 * 3600);
/// A request that has not been answered for so long was cut off, and may be made again.
const CUT_OFF: Duration = Duration::from_secs(120);

pub async fn keep_answers<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, ActixError> {
    let Some((state, caller, key)) = applies(&request) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let user = caller.id;
    let claimed = match fingerprint(&mut request).await {
        Ok(print) => claim(&state, &caller, &key, print).await,
        Err(error) => Err(error),
    };
    match claimed {
        Err(error) => Ok(request.into_response(error.error_response())),
        Ok(Some(answer)) => Ok(request.into_response(answer)),
        Ok(None) => {
            let reply = next.call(request).await;
            let Ok(reply) = reply else {
                forget(&state, user, &key).await;
                return reply.map(ServiceResponse::map_into_boxed_body);
            };
            record(&state, &caller, &key, reply).await
        }
    }
}

/// For the document: a POST of the API that is not a form and makes no secret.
pub fn takes_key(path: &str, post: &openapi::path::Operation) -> bool {
    let form = matches!(&post.request_body, Some(openapi::RefOr::T(body)) if body.content.contains_key("multipart/form-data"));
    path.starts_with("/api/") && !is_secretive(path) && !form
}

pub fn parameter() -> openapi::path::Parameter {
    let text = openapi::ObjectBuilder::new()
        .schema_type(openapi::schema::Type::String)
        .pattern(Some("^[!-~]{1,200}$"));
    openapi::path::ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(openapi::path::ParameterIn::Header)
        .required(openapi::Required::False)
        .description(Some("Sent again with the same request within a day, it gets the first answer again"))
        .schema(Some(text))
        .build()
}

fn applies(request: &ServiceRequest) -> Option<(State, Arc<Identity>, String)> {
    // Pages answer with what is shown once, and forms are sent with what is typed once.
    let of_api = request.path().starts_with("/api/");
    if request.method() != Method::POST || !of_api || is_secretive(request.path()) {
        return None;
    }
    let key = request.headers().get("idempotency-key")?.to_str().unwrap_or_default().to_owned();
    let media = request.headers().get(header::CONTENT_TYPE).map_or("", |v| v.to_str().unwrap_or_default());
    if media.starts_with("multipart/") {
        return None;
    }
    let state = request.app_data::<web::Data<State>>()?.get_ref().clone();
    let caller = request.extensions().get::<Caller>()?.0.clone()?;
    Some((state, caller, key))
}

/// Reads the body, and puts it back for the handler.
async fn fingerprint(request: &mut ServiceRequest) -> Result<String> {
    let mut payload = request.take_payload();
    let mut bytes = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|e| Error::invalid("body", e.to_string()))?;
        if bytes.len() + chunk.len() > MOST {
            return Err(Error::new(
                crate::error::Kind::TooLarge,
                "body-too-large",
                "a JSON body is at most 1 MiB",
            ));
        }
        bytes.extend_from_slice(&chunk);
    }
    let bytes = bytes.freeze();
    // What a limited token may not reach, it does not get from the memory of another either.
    let limit = request.extensions().get::<Caller>().and_then(|c| c.identity()?.limit);
    let limit = limit.map_or_else(String::new, |limit| format!(" {limit:?}"));
    let about = format!("{} {}{limit}\n", request.method(), request.path());
    request.set_payload(Payload::from(bytes.clone()));
    Ok(Sha256::of(&[about.as_bytes(), &bytes].concat()).hex().to_owned())
}

/// None: the request is ours to serve. Else the answer that was given to it.
async fn claim(state: &State, caller: &Identity, key: &str, print: String) -> Result<Option<HttpResponse>> {
    let user = caller.id;
    if key.is_empty() || key.len() > 200 || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Error::invalid("Idempotency-Key", "1 to 200 printable ASCII characters, such as a UUID"));
    }
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    let before = kept::Entity::find_by_id((user, key.to_owned())).one(&*txn).await?;
    if let Some(before) = before.filter(|k| k.created_at > now.minus(LIFE)) {
        if before.fingerprint != print {
            return Err(Error::conflict(
                "idempotency-key-reused",
                "this key was sent with another request; use a new one",
            ));
        }
        match before.status {
            Some(status) => {
                // The answer may tell of what the caller has lost since.
                standing::check_kept(&*txn, caller, before.standing.as_deref(), now).await?;
                return Ok(Some(answer(status, before.body.unwrap_or_default())));
            }
            None if before.created_at > now.minus(CUT_OFF) => {
                return Err(Error::conflict(
                    "idempotency-in-progress",
                    "the first request with this key is still being served",
                ));
            }
            None => {}
        }
    }
    let row = kept::ActiveModel {
        user_id: Set(user),
        key: Set(key.to_owned()),
        fingerprint: Set(print),
        status: Set(None),
        body: Set(None),
        standing: Set(None),
        created_at: Set(now),
    };
    use kept::Column::*;
    let again = OnConflict::columns([UserId, Key])
        .update_columns([Fingerprint, Status, Body, Standing, CreatedAt])
        .to_owned();
    kept::Entity::insert(row).on_conflict(again).exec_without_returning(&*txn).await?;
    txn.commit().await?;
    Ok(None)
}

fn answer(status: i64, body: String) -> HttpResponse {
    let status =
        u16::try_from(status).ok().and_then(|s| StatusCode::from_u16(s).ok()).unwrap_or(StatusCode::OK);
    let problem = status.is_client_error();
    let media = if problem { "application/problem+json" } else { "application/json" };
    HttpResponseBuilder::new(status)
        .insert_header(("Idempotency-Replayed", "true"))
        .content_type(media)
        .body(body)
}

async fn record<B: MessageBody + 'static>(
    state: &State,
    caller: &Identity,
    key: &str,
    reply: ServiceResponse<B>,
) -> Result<ServiceResponse<BoxBody>, ActixError> {
    let user = caller.id;
    let (request, reply) = reply.into_parts();
    let (head, body) = reply.into_parts();
    let Ok(Ok(body)) = to_bytes_limited(body, MOST).await else {
        forget(state, user, key).await;
        return Ok(ServiceResponse::new(
            request,
            Error::internal("an answer too large to keep").error_response(),
        ));
    };
    let status = head.status();
    // What failed on our side, or was refused for who asked, is worth another try.
    if status.is_server_error() || matches!(status.as_u16(), 401 | 403 | 429) {
        forget(state, user, key).await;
    } else if let Err(error) = store(state, caller, key, status, &body).await {
        tracing::warn!(%error, "an answer was not kept for repetition");
    }
    Ok(ServiceResponse::new(request, head.set_body(BoxBody::new(body))))
}

async fn store(state: &State, caller: &Identity, key: &str, status: StatusCode, body: &[u8]) -> Result<()> {
    let standing = standing::of(&*state.db, caller, state.clock.now()).await?;
    let change = kept::ActiveModel {
        user_id: Set(caller.id),
        key: Set(key.to_owned()),
        standing: Set(Some(standing)),
        status: Set(Some(i64::from(status.as_u16()))),
        body: Set(Some(String::from_utf8_lossy(body).into_owned())),
        ..Default::default()
    };
    let txn = state.db.begin_write().await?;
    kept::Entity::update(change).exec(&*txn).await?;
    txn.commit().await
}

async fn forget(state: &State, user: Uuid, key: &str) {
    let done = async {
        let txn = state.db.begin_write().await?;
        kept::Entity::delete_by_id((user, key.to_owned())).exec(&*txn).await?;
        txn.commit().await
    };
    if let Err(error) = done.await {
        tracing::warn!(%error, "an idempotency key was left to lapse");
    }
}

pub async fn forget_expired(state: &State) -> Result<()> {
    let txn = state.db.begin_write().await?;
    let before = state.clock.now().minus(LIFE);
    kept::Entity::delete_many().filter(kept::Column::CreatedAt.lt(before)).exec(&*txn).await?;
    txn.commit().await
}
