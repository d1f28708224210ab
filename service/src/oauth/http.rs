//! The endpoints that clients call: token, device authorization, userinfo, keys.
//! Forms in, JSON out, nothing of it cached.
use super::{
    access, authorize,
    client::Client,
    code, credentials, device,
    device::DeviceAuthorization,
    form::{Fields, Form},
    grant::{self, Opening, Tokens},
    refusal::Refusal,
    words::{Word, Words},
};
use crate::{
    auth::{SignedIn, caller::Via},
    error::{Error, Result},
    http::problem::Problems,
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, get, http::header, post, web};
use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};
use tamis_entities::{
    namespace, user,
    value::{OauthGrantType, Slug},
};
use utoipa::ToSchema;
use uuid::Uuid;

pub fn answer<T: Serialize>(body: &T) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}

/// What the token endpoint takes; which of it depends on the grant type.
#[derive(Deserialize, ToSchema)]
#[schema(as = OauthTokenForm)]
#[allow(dead_code, reason = "for the document: forms are read by hand, which notices repeated parameters")]
pub struct TokenForm {
    #[schema(example = "authorization_code")]
    grant_type: String,
    /// Or as the user name of Basic.
    client_id: Option<String>,
    /// Or as the password of Basic.
    client_secret: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
    /// PKCE.
    code_verifier: Option<String>,
    refresh_token: Option<String>,
    device_code: Option<String>,
    /// Words between spaces.
    scope: Option<String>,
    /// Whom the token is for; Tamis itself when absent.
    resource: Option<String>,
}

/// Get tokens
///
/// For an authorization code, a refresh token, a device code, or for the client itself.
#[utoipa::path(tag = "oauth", operation_id = "getTokens", params(),
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The tokens", body = Tokens),
        (status = 400, description = "Why not", body = Refusal), (status = 401, description = "The client did not prove who it is", body = Refusal), Problems), security(()))]
#[post("/oauth2/token")]
pub async fn get_tokens(
    state: web::Data<State>,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Refusal> {
    let fields = form.0;
    let kind = fields.need("grant_type", "grant_type is missing")?;
    let unsupported =
        |_| Refusal::new("unsupported_grant_type", "grant_type is none of those in the metadata");
    let kind = kind.parse::<OauthGrantType>().map_err(unsupported)?;
    let client = credentials::client(&state, &request, &fields).await?;
    if !client.uses(kind) {
        return Err(Refusal::new("unauthorized_client", "this client is not registered for this grant type"));
    }
    let tokens = match kind {
        OauthGrantType::AuthorizationCode => code::redeem(&state, &client, &fields).await?,
        OauthGrantType::DeviceCode => device::redeem(&state, &client, &fields).await?,
        OauthGrantType::ClientCredentials => for_itself(&state, &client, &fields).await?,
        OauthGrantType::RefreshToken => grant::refresh(&state, &client, &fields).await?,
    };
    Ok(answer(&tokens))
}

/// A client alone acts as the person whose namespace it belongs to, with its own scopes.
async fn for_itself(state: &State, client: &Client, fields: &Fields) -> Result<Tokens, Refusal> {
    let not_allowed =
        || Refusal::new("unauthorized_client", "only a confidential client of one person acts by itself");
    let owner = client.acts_as.filter(|_| !client.is_public()).ok_or_else(not_allowed)?;
    let audience = authorize::audience(state, client, fields)?;
    let words = authorize::wanted(client, fields)?.scopes().to_string();
    let txn = state.db.begin_write().await?;
    let id = Uuid::now_v7();
    let who = grant::person(&txn, owner, id).await?.ok_or_else(Refusal::client)?;
    let opening = Opening {
        id,
        client,
        who: &who,
        kind: OauthGrantType::ClientCredentials,
        words: Words::read(&words),
        audience,
        auth_time: state.clock.now(),
    };
    let opened = grant::open(state, &txn, opening).await?;
    txn.commit().await?;
    grant::tokens(state, opened, None).await
}

/// What a device sends first.
#[derive(Deserialize, ToSchema)]
#[allow(dead_code, reason = "for the document")]
pub struct DeviceForm {
    client_id: Option<String>,
    /// Words between spaces.
    scope: String,
    resource: Option<String>,
}

/// Begin on a device
#[utoipa::path(tag = "oauth", operation_id = "authorizeDevice", params(),
    request_body(content = DeviceForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "What to show, and what to poll with", body = DeviceAuthorization),
        (status = 400, description = "Why not", body = Refusal), (status = 401, description = "The client did not prove who it is", body = Refusal), Problems), security(()))]
#[post("/oauth2/device_authorization")]
pub async fn authorize_device(
    state: web::Data<State>,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Refusal> {
    if form.0.get("scope").is_none() {
        return Err(Refusal::scope());
    }
    let client = credentials::client(&state, &request, &form.0).await?;
    Ok(answer(&device::begin(&state, &client, &form.0).await?))
}

/// Who somebody is, as far as the client may know (OpenID Connect Core section 5.3).
#[derive(Serialize, ToSchema)]
pub struct UserInfo {
    pub sub: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<Slug>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// Who the token is for
///
/// A token of OAuth needs the scope `openid`; `profile` and `email` show more.
#[utoipa::path(tag = "oauth", operation_id = "getUserInfo", params(), responses((status = 200, description = "As far as the token may know", body = UserInfo), Problems))]
#[get("/oauth2/userinfo")]
pub async fn get_user_info(
    state: web::Data<State>,
    who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let words = match who.0.via {
        Via::OAuth(_) => carried(&state, &request).await?,
        Via::Session(_) => Words::everything(),
        _ => {
            return Err(Error::forbidden(
                "session-needed",
                "this answers programs that act for somebody, and browsers",
            ));
        }
    };
    if !words.has(Word::OpenId) {
        return Err(Error::forbidden("insufficient-scope", "this needs a token with the scope `openid`"));
    }
    let name = namespace::Entity::find_by_id(who.0.id).one(&*state.db).await?;
    let person = user::Entity::find_by_id(who.0.id).one(&*state.db).await?;
    Ok(answer(&UserInfo {
        sub: who.0.id,
        preferred_username: name.filter(|_| words.has(Word::Profile)).map(|n| n.handle),
        email: person.filter(|_| words.has(Word::Email)).and_then(|p| p.email),
    }))
}

/// The words of the token that the caller was let in with.
async fn carried(state: &State, request: &HttpRequest) -> Result<Words> {
    let header =
        request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let token = header.split_once(' ').map_or("", |(_, token)| token.trim());
    let claims = access::signed(state, token).await?;
    Ok(claims.map(|claims| Words::read(&claims.scope)).unwrap_or_default())
}

/// The public keys of our tokens (RFC 7517).
#[derive(Serialize, ToSchema)]
pub struct PublishedKeys {
    #[schema(value_type = Vec<Object>)]
    pub keys: Vec<serde_json::Value>,
}

/// The keys that tokens are signed with
#[utoipa::path(tag = "oauth", operation_id = "getKeys", params(), responses((status = 200, description = "A JSON Web Key Set", body = PublishedKeys), Problems), security(()))]
#[get("/.well-known/jwks.json")]
pub async fn get_keys(state: web::Data<State>) -> Result<HttpResponse> {
    let keys = state.oauth.keys.current(&state).await?.published.clone();
    let brief = (header::CACHE_CONTROL, "public, max-age=60");
    Ok(HttpResponse::Ok().insert_header(brief).json(PublishedKeys { keys }))
}
