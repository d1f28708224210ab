//! `/api/identity/tokens`: the API tokens of Tamis as clients of Meshery Cloud's API list, make and end them.
//! What is made here is what a Meshery Server may do for somebody, so no votes and no tokens; a login from a
//! Meshery Server itself makes none, as it would outlast the login.
use super::{
    capabilities::PROVIDER,
    profile::id_of,
    sessions,
    wire::{Asked, answer, both, ok, shown, stored},
};
use crate::{
    auth::{SignedIn, access::segment},
    error::{Error, Result},
    state::State,
    tokens::{self, TokenRequest},
};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use tamis_entities::{
    api_token, meshery_session as login,
    value::{Scope, Timestamp},
};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn configure(config: &mut ServiceConfig<'_>) {
    const TOKENS: &str = "/api/identity/tokens";
    config
        .route(TOKENS, web::get().to(list))
        .route(TOKENS, web::post().to(create))
        .route(TOKENS, web::delete().to(delete))
        .route("/api/identity/tokens/infinite", web::get().to(endless))
        .route("/api/identity/tokens/{token}", web::get().to(get));
}

/// One row of the list, whatever it is.
struct Row {
    id: Uuid,
    name: String,
    purpose: String,
    of_program: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Row {
    fn of_token(token: api_token::Model) -> Self {
        let words: Vec<_> = token.scopes.iter().map(Scope::as_str).collect();
        Self {
            id: token.id,
            name: token.name,
            purpose: words.join(" "),
            of_program: false,
            created_at: token.created_at,
            updated_at: token.last_used_at.unwrap_or(token.created_at),
        }
    }

    fn of_login(row: login::Model) -> Self {
        Self {
            id: row.id,
            name: row.origin,
            purpose: "login from a Meshery Server".into(),
            of_program: true,
            created_at: row.created_at,
            updated_at: row.created_at,
        }
    }

    fn view(&self, owner: Uuid) -> Value {
        both(json!({
            "id": shown(self.id),
            "user_id": owner,
            "provider": PROVIDER,
            "name": self.name,
            "purpose": self.purpose,
            "is_oauth": self.of_program,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }))
    }
}

async fn logins(state: &State, who: &SignedIn) -> Result<Vec<login::Model>> {
    let now = state.clock.now();
    let living = login::Entity::find()
        .filter(login::Column::UserId.eq(who.0.id))
        .filter(login::Column::RevokedAt.is_null())
        .filter(login::Column::ExpiresAt.gt(now));
    Ok(living.order_by_asc(login::Column::Id).all(&*state.db).await?)
}

async fn rows(state: &State, who: &SignedIn, asked: &Asked) -> Result<Vec<Row>> {
    let of_programs = match asked.one(&["isOauth", "isOAuth", "is_oauth"]) {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Error::invalid("isOauth", "`true` or `false`")),
    };
    let mut rows: Vec<_> = match of_programs {
        true => logins(state, who).await?.into_iter().map(Row::of_login).collect(),
        false => tokens::of(state, who.0.id).await?.into_iter().map(Row::of_token).collect(),
    };
    if let Some(words) = asked.search()? {
        let words = words.to_lowercase();
        rows.retain(|row| row.name.to_lowercase().contains(&words));
    }
    let order = asked.order()?;
    rows.sort_by(|a, b| match order.by {
        super::wire::By::Name => a.name.cmp(&b.name),
        super::wire::By::Created => a.created_at.cmp(&b.created_at),
        super::wire::By::Updated => a.updated_at.cmp(&b.updated_at),
    });
    if order.falling {
        rows.reverse();
    }
    Ok(rows)
}

async fn list(state: web::Data<State>, who: SignedIn, asked: Asked) -> Result<HttpResponse> {
    let (pages, owner) = (asked.page()?, id_of(&state, &who).await?);
    let rows = rows(&state, &who, &asked).await?;
    Ok(ok(&pages.of("tokens", rows.iter().map(|row| row.view(owner)).collect())))
}

async fn get(state: web::Data<State>, who: SignedIn, request: HttpRequest) -> Result<HttpResponse> {
    let id = stored(segment(&request, "token")?);
    let (all, logins) = (tokens::of(&state, who.0.id).await?, logins(&state, &who).await?);
    let all = all.into_iter().map(Row::of_token).chain(logins.into_iter().map(Row::of_login));
    let found = all.into_iter().find(|row| row.id == id).ok_or_else(Error::not_found)?;
    Ok(ok(&found.view(id_of(&state, &who).await?)))
}

/// The one answer with the secret.
async fn create(state: web::Data<State>, who: SignedIn, asked: Asked) -> Result<HttpResponse> {
    let missing = || Error::invalid("name", "what the token is for");
    let name = asked.one(&["name", "purpose"]).ok_or_else(missing)?.to_owned();
    let scopes: Vec<_> = sessions::scopes().iter().filter(|scope| who.0.scopes.has(*scope)).collect();
    let wanted = TokenRequest { name, scopes, expires_at: None, limit: None };
    let (row, secret) = tokens::issue(&state, &who, who.0.id, wanted).await?;
    let mut view = Row::of_token(row).view(id_of(&state, &who).await?);
    view["access_token"] = json!(secret);
    view["accessToken"] = json!(secret);
    Ok(answer(StatusCode::CREATED, &asked.page()?.of("tokens", vec![view])))
}

async fn delete(state: web::Data<State>, who: SignedIn, asked: Asked) -> Result<HttpResponse> {
    let id = asked.one(&["tokenId", "token_id", "id"]).and_then(|text| text.parse().ok());
    let id = stored(id.ok_or_else(|| Error::invalid("tokenId", "which one: its UUID"))?);
    match logins(&state, &who).await?.into_iter().find(|row| row.id == id) {
        Some(row) => sessions::end_one(&state, row.id, row.user_id).await?,
        None => tokens::revoke(&state, &who.0, who.0.id, id).await?,
    }
    list(state, who, asked).await
}

/// None that never ends is made here.
async fn endless(_who: SignedIn) -> Result<HttpResponse> {
    let detail =
        "every token ends here, after a year at most; `POST /api/identity/tokens` makes one for 90 days";
    Err(Error::conflict("endless-token", detail))
}
