//! One-time sign-in links and browser sessions. A GET only shows a page: a link preview or
//! a prefetch must not use the link up.
use super::{
    caller::{COOKIE_HTTPS, COOKIE_LOOPBACK},
    middleware::same_origin,
    secret,
};
use crate::{
    audit::{self, Actor},
    error::{Error, Kind, Result},
    http::home::page,
    state::State,
};
use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time},
    get,
    http::header,
    post, web,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;
use std::time::Duration;
use tamis_entities::{namespace, session, sign_in_link};
use uuid::Uuid;

pub const LINK_LIFE: Duration = Duration::from_secs(30 * 60);
const SESSION_LIFE: Duration = Duration::from_secs(12 * 3600);

/// A new link for one user; the text is all that can use it.
pub async fn new_link(state: &State, actor: &Actor, user: Uuid, handle: &str) -> Result<String> {
    let fresh = secret::fresh("")?;
    let now = state.clock.now();
    let row = sign_in_link::ActiveModel {
        id: Set(Uuid::now_v7()),
        user_id: Set(user),
        secret_sha256: Set(fresh.sha256),
        created_at: Set(now),
        expires_at: Set(now.plus(LINK_LIFE)),
        used_at: Set(None),
    };
    let txn = state.db.begin_write().await?;
    sign_in_link::Entity::insert(row).exec_without_returning(&*txn).await?;
    audit::record(&*txn, &state.clock, actor, "sign-in.link", format!("user:{handle}"), json!({})).await?;
    txn.commit().await?;
    Ok(format!("{}/sign-in/{}", state.public_url, fresh.text))
}

fn is_loopback(url: &str) -> bool {
    ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|start| url.starts_with(start))
}

fn cookie_for(state: &State, value: String, life: Duration) -> Result<Cookie<'static>> {
    let https = state.public_url.starts_with("https:");
    if !https && !is_loopback(&state.public_url) {
        let detail =
            "sign-in over plain http works on loopback only; put TLS in front and set --public-url to https";
        return Err(Error::new(Kind::Forbidden, "insecure-sign-in", detail));
    }
    let name = if https { COOKIE_HTTPS } else { COOKIE_LOOPBACK };
    let seconds = i64::try_from(life.as_secs()).unwrap_or(0);
    let cookie = Cookie::build(name, value).path("/").http_only(true).secure(https).same_site(SameSite::Lax);
    Ok(cookie.max_age(time::Duration::seconds(seconds)).finish())
}

/// The page that a sign-in link opens
#[utoipa::path(tag = "sign-in", operation_id = "showSignIn", params(("secret" = String, Path, description = "From the link")),
    responses((status = 200, description = "A page with one button", content_type = "text/html", body = String), crate::http::problem::Problems), security(()))]
#[get("/sign-in/{secret}")]
pub async fn show_sign_in() -> HttpResponse {
    let body = r#"<h1>Sign in to Tamis</h1><p>This link works once. It is used when you press the button.</p><form method="post"><button autofocus>Sign in</button></form>"#;
    page("Sign in", body)
}

/// Use a sign-in link
#[utoipa::path(tag = "sign-in", operation_id = "signIn", params(("secret" = String, Path, description = "From the link")),
    responses((status = 303, description = "Signed in; a session cookie is set"), crate::http::problem::Problems), security(()))]
#[post("/sign-in/{secret}")]
pub async fn sign_in(
    state: web::Data<State>,
    request: HttpRequest,
    secret: web::Path<String>,
) -> Result<HttpResponse> {
    same_origin(&state, &request)?;
    let used_up = || {
        Error::new(
            Kind::NotFound,
            "link-used",
            "this link is not known, has been used, or has expired; ask for a new one",
        )
    };
    let now = state.clock.now();
    let fresh = secret::fresh("")?;
    let cookie = cookie_for(&state, fresh.text, SESSION_LIFE)?;
    let txn = state.db.begin_write().await?;
    let used = sign_in_link::Entity::update_many()
        .col_expr(sign_in_link::Column::UsedAt, Expr::value(now))
        .filter(sign_in_link::Column::SecretSha256.eq(secret::hash(&secret)))
        .filter(sign_in_link::Column::UsedAt.is_null())
        .filter(sign_in_link::Column::ExpiresAt.gt(now))
        .exec_with_returning(&*txn)
        .await?;
    let link = used.into_iter().next().ok_or_else(used_up)?;
    let row = session::ActiveModel {
        id: Set(Uuid::now_v7()),
        user_id: Set(link.user_id),
        secret_sha256: Set(fresh.sha256),
        created_at: Set(now),
        expires_at: Set(now.plus(SESSION_LIFE)),
        revoked_at: Set(None),
    };
    session::Entity::insert(row).exec_without_returning(&*txn).await?;
    let who = namespace::Entity::find_by_id(link.user_id).one(&*txn).await?.ok_or_else(used_up)?;
    let actor = Actor::user(who.handle.as_str());
    audit::record(
        &*txn,
        &state.clock,
        &actor,
        "sign-in",
        format!("user:{}", who.handle),
        json!({"by": "link"}),
    )
    .await?;
    txn.commit().await?;
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, "/")).cookie(cookie).finish())
}

/// Sign out
#[utoipa::path(tag = "sign-in", operation_id = "signOut", responses((status = 303, description = "The session has ended"), crate::http::problem::Problems), security(()))]
#[post("/sign-out")]
pub async fn sign_out(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse> {
    same_origin(&state, &request)?;
    let mut gone = cookie_for(&state, String::new(), Duration::ZERO)?;
    if let Some(cookie) = request.cookie(gone.name()) {
        let txn = state.db.begin_write().await?;
        session::Entity::update_many()
            .col_expr(session::Column::RevokedAt, Expr::value(state.clock.now()))
            .filter(session::Column::SecretSha256.eq(secret::hash(cookie.value())))
            .exec(&*txn)
            .await?;
        txn.commit().await?;
    }
    gone.make_removal();
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, "/")).cookie(gone).finish())
}

/// Removes links and sessions that ended a day ago.
pub async fn forget_expired(state: &State) -> Result<()> {
    let before = state.clock.now().minus(Duration::from_secs(86_400));
    let txn = state.db.begin_write().await?;
    sign_in_link::Entity::delete_many()
        .filter(sign_in_link::Column::ExpiresAt.lt(before))
        .exec(&*txn)
        .await?;
    session::Entity::delete_many().filter(session::Column::ExpiresAt.lt(before)).exec(&*txn).await?;
    txn.commit().await
}

/// Who a page is shown to, without failing on a stale cookie.
pub async fn visitor(state: &State, request: &HttpRequest) -> super::Caller {
    super::caller::authenticate(state, request).await.unwrap_or_default()
}
