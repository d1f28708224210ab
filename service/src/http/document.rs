//! The OpenAPI document: made from the real routes, needs no database and no secret.
use super::{idempotency, problem::Problem};
use actix_web::{App, HttpResponse, get, web};
use std::sync::OnceLock;
use utoipa::{
    OpenApi,
    openapi::{
        self,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_actix_web::AppExt;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tamis",
        description = "A self-hosted catalog and registry for Envoy Wasm (proxy-wasm) filters. \
JSON is snake_case, times are RFC 3339 UTC. Lists are `{items, next}`; hand `next` back as `after`. Errors are RFC 9457 \
problem details with a stable `code`. What you may not see answers exactly like what does not exist.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(Problem)),
    security(("token" = []), ("session" = [])),
    tags(
        (name = "catalog", description = "What is published, for everyone"),
        (name = "filters", description = "Filters and who may see them"),
        (name = "releases", description = "Versions of a filter, each bound to one module for ever"),
        (name = "modules", description = "The bytes, by digest"),
        (name = "configuration", description = "A release as configuration of Envoy, Istio and Envoy Gateway"),
        (name = "reviews", description = "Requests for publication and their decisions"),
        (name = "teams", description = "Teams and their members"),
        (name = "tokens", description = "Your own access"),
        (name = "oauth", description = "Programs that people let act for them"),
        (name = "deployments", description = "Targets, and what they are to hold"),
        (name = "notifications", description = "What happened, told to people and programs"),
        (name = "audit", description = "Who did what"),
        (name = "sign-in", description = "Browser sessions"),
        (name = "users", description = "The people of the instance, for its administrators"),
        (name = "operation", description = "Health and metrics"),
        (name = "pages", description = "Pages for people"),
    )
)]
struct Base;

/// Everything of the document but paths and their schemas.
pub fn base() -> openapi::OpenApi {
    let mut document = Base::openapi();
    let token = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("tms_…").build();
    let session = ApiKey::Cookie(ApiKeyValue::new(crate::auth::caller::COOKIE_LOOPBACK));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(token));
    components.add_security_scheme("session", SecurityScheme::ApiKey(session));
    document
}

/// The whole document.
pub fn document() -> openapi::OpenApi {
    let (_, mut document) =
        App::new().into_utoipa_app().openapi(base()).configure(super::routes::configure).split_for_parts();
    for (path, item) in &mut document.paths.paths {
        if let Some(post) = item.post.as_mut().filter(|post| idempotency::takes_key(path, post)) {
            post.parameters.get_or_insert_default().push(idempotency::parameter().into());
        }
    }
    document
}

pub fn json() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

/// This document
#[utoipa::path(tag = "operation", operation_id = "getOpenApi", responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = Object), super::problem::Problems), security(()))]
#[get("/openapi.json")]
pub async fn get_openapi() -> HttpResponse {
    static TEXT: OnceLock<String> = OnceLock::new();
    HttpResponse::Ok().content_type("application/json").body(TEXT.get_or_init(json).as_str())
}

/// The browsable page, whole and offline.
pub fn docs(config: &mut web::ServiceConfig) {
    config.route(
        "/docs",
        web::get().to(|| async { HttpResponse::SeeOther().insert_header(("Location", "/docs/")).finish() }),
    );
    config.service(
        utoipa_swagger_ui::SwaggerUi::new("/docs/{_:.*}")
            // `none`: else the page asks a public validator about us.
            .config(utoipa_swagger_ui::Config::from("/openapi.json").validator_url("none")),
    );
}
