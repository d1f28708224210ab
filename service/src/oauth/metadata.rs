//! What clients read before they begin: the metadata of RFC 8414, and of OpenID Connect Discovery,
//! which has more of the same. Every address is built from the public URL, never from a request.
use super::words::Word;
use crate::{http::problem::Problems, state::State};
use actix_web::{HttpResponse, get, http::header, web};
use serde_json::{Value, json};

fn metadata(state: &State) -> Value {
    let at = |path: &str| format!("{}{path}", state.public_url);
    let methods = ["client_secret_basic", "client_secret_post", "none"];
    let scopes: Vec<_> = Word::all().map(Word::as_str).collect();
    json!({
        "issuer": state.public_url,
        "authorization_endpoint": at("/oauth2/authorize"),
        "token_endpoint": at("/oauth2/token"),
        "device_authorization_endpoint": at("/oauth2/device_authorization"),
        "revocation_endpoint": at("/oauth2/revoke"),
        "introspection_endpoint": at("/oauth2/introspect"),
        "userinfo_endpoint": at("/oauth2/userinfo"),
        "jwks_uri": at("/.well-known/jwks.json"),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": methods[..2],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "prompt_values_supported": ["none", "login", "consent"],
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "claims_supported": ["iss", "sub", "aud", "iat", "exp", "auth_time", "nonce", "sid", "preferred_username", "email"],
        "service_documentation": at("/docs/"),
    })
}

fn answer(state: &State) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=60")).json(metadata(state))
}

/// What this authorization server offers
#[utoipa::path(tag = "oauth", operation_id = "getOauthMetadata", params(), responses((status = 200, description = "Metadata of RFC 8414", body = Object), Problems), security(()))]
#[get("/.well-known/oauth-authorization-server")]
pub async fn get_oauth_metadata(state: web::Data<State>) -> HttpResponse {
    answer(&state)
}

/// The same for OpenID Connect
#[utoipa::path(tag = "oauth", operation_id = "getOpenIdMetadata", params(), responses((status = 200, description = "Metadata of OpenID Connect Discovery", body = Object), Problems), security(()))]
#[get("/.well-known/openid-configuration")]
pub async fn get_openid_metadata(state: web::Data<State>) -> HttpResponse {
    answer(&state)
}
