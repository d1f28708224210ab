//! One-time sign-in links. A GET only shows a page: a link preview or a prefetch must not use
//! the link up.
use super::{
    browser::{self, Visitor},
    local, session,
};
use crate::{
    audit::{self, Actor},
    auth::{middleware::same_origin, secret},
    console::plain::page,
    error::{Error, Kind, Result},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, http::header, post, web};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, sea_query::Expr};
use serde_json::json;
use std::time::Duration;
use tamis_entities::{external_identity, sign_in_link};
use uuid::Uuid;

pub const LINK_LIFE: Duration = Duration::from_secs(30 * 60);

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

/// The page that a sign-in link opens
#[utoipa::path(tag = "sign-in", operation_id = "showSignInLink", params(("secret" = String, Path, description = "From the link")),
    responses((status = 200, description = "A page with one button", content_type = "text/html", body = String), crate::http::problem::Problems), security(()))]
#[get("/sign-in/{secret}")]
pub async fn show_sign_in_link() -> HttpResponse {
    let body = r#"<h1>Sign in to Tamis</h1><p>This link works once. It is used when you press the button.</p><form method="post"><button autofocus>Sign in</button></form>"#;
    page("Sign in", body)
}

/// Whether they can come back without a link.
async fn has_other_ways(state: &State, user: Uuid) -> Result<bool> {
    if !state.sign_in.settings.local || local::has_password(state, user).await? {
        return Ok(true);
    }
    let known = external_identity::Entity::find().filter(external_identity::Column::UserId.eq(user));
    Ok(known.count(&*state.db).await? > 0)
}

/// Use a sign-in link
#[utoipa::path(tag = "sign-in", operation_id = "signIn", params(("secret" = String, Path, description = "From the link")),
    responses((status = 303, description = "Signed in; a session cookie is set. To where this browser was going when it was asked to sign in"), crate::http::problem::Problems), security(()))]
#[post("/sign-in/{secret}")]
pub async fn sign_in(
    state: web::Data<State>,
    request: HttpRequest,
    secret: web::Path<String>,
) -> Result<HttpResponse> {
    same_origin(&state, &request)?;
    browser::check_transport(&state)?;
    let used_up = || {
        Error::new(
            Kind::NotFound,
            "link-used",
            "this link is not known, has been used, or has expired; ask for a new one",
        )
    };
    let now = state.clock.now();
    let txn = state.db.begin_write().await?;
    let used = sign_in_link::Entity::update_many()
        .col_expr(sign_in_link::Column::UsedAt, Expr::value(now))
        .filter(sign_in_link::Column::SecretSha256.eq(secret::hash(&secret)))
        .filter(sign_in_link::Column::UsedAt.is_null())
        .filter(sign_in_link::Column::ExpiresAt.gt(now))
        .exec_with_returning(&*txn)
        .await?;
    let link = used.into_iter().next().ok_or_else(used_up)?;
    let visitor = Visitor::of(&state, &request);
    let cookie = session::open(&state, &txn, &visitor, link.user_id, "link", None).await?;
    txn.commit().await?;
    let next = match browser::kept_next(&state, &request) {
        // The link is used up: who has no other way in is asked to make one while they may.
        next if next == "/" && !has_other_ways(&state, link.user_id).await? => "/my/tokens#password".into(),
        next => next,
    };
    let forget = browser::no_next_cookie(&state)?;
    Ok(HttpResponse::SeeOther()
        .insert_header((header::LOCATION, next))
        .cookie(cookie)
        .cookie(forget)
        .finish())
}
