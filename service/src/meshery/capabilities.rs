//! What Tamis says that it can do for a Meshery Server, and where. The paths are those of Meshery Cloud where
//! it has one, so that its clients find them, too.
use super::wire::both;
use crate::{auth::Caller, state::State};
use actix_web::{HttpResponse, web};
use serde_json::{Value, json};
use tamis_entities::value::Scope;
use utoipa_actix_web::service_config::ServiceConfig;

/// The name in a cookie of every Meshery Server: never changes.
pub const PROVIDER: &str = "Tamis";

/// Feature, path, and whether only those who may write have it.
const FEATURES: &[(&str, &str, bool)] = &[
    ("users-profile", "/api/identity/users/profile", false),
    ("users-identity", "/api/identity/users", false),
    ("users-keys", "/api/identity/users/keys", false),
    ("organizations", "/api/identity/orgs", false),
    ("sync-prefs", "/user/preferences", false),
    ("persist-meshery-filters", "/api/content/filters", false),
    ("meshery-filters-catalog", "/api/catalog/content/filter", false),
    ("clone-meshery-filters", "/api/content/filters/clone", true),
    ("share-filters", "/api/content/filter/share", true),
    ("persist-meshery-patterns", "/api/content/patterns", false),
    ("persist-meshery-pattern-resources", "/patterns/resource", false),
    ("meshery-patterns-catalog", "/api/catalog/content/pattern", false),
    ("clone-meshery-patterns", "/api/content/patterns/clone", true),
    ("share-designs", "/api/content/design/share", true),
    ("persist-results", "/api/performance/results", false),
    ("persist-result", "/api/performance/result", false),
    ("persist-metrics", "/result/metrics", true),
    ("persist-smi-results", "/smi/results", false),
    ("persist-smi-result", "/smi/result", false),
    ("persist-smp-test-profile", "/user/test-config", false),
    ("persist-performance-profiles", "/user/performance/profiles", false),
    ("persist-schedules", "/user/schedules", false),
    ("persist-connection", "/api/integrations/connections", false),
    ("persist-credentials", "/api/integrations/credentials", false),
    ("environments", "/api/environments", false),
    ("workspaces", "/api/workspaces", false),
    ("persist-events", "/events", false),
    ("get-events", "/events", false),
    ("events-summary", "/events/summary", false),
];

pub fn configure(config: &mut ServiceConfig<'_>) {
    for path in ["/capabilities", "//capabilities", "/{build}/capabilities"] {
        config.route(path, web::get().to(get_capabilities));
    }
}

async fn get_capabilities(state: web::Data<State>, caller: Caller) -> HttpResponse {
    let writes = caller.identity().is_none_or(|who| who.scopes.has(Scope::FiltersWrite));
    HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(document(&state.public_url, writes))
}

/// Never with an empty package or an empty list: some releases would ask again at every turn.
fn document(url: &str, writes: bool) -> Value {
    let version = concat!("v", env!("CARGO_PKG_VERSION"));
    let open = FEATURES.iter().filter(|(_, _, writing)| writes || !writing);
    let features: Vec<_> =
        open.map(|(feature, endpoint, _)| json!({"feature": feature, "endpoint": endpoint})).collect();
    let nothing = json!([]);
    both(json!({
        "provider_type": "remote",
        "package_version": version,
        "package_url": format!("{url}/meshery/{version}/provider.tar.gz"),
        "provider_name": PROVIDER,
        "provider_description": [
            "A catalog and registry for Envoy Wasm filters.",
            "Verifies each module, has it reviewed, and keeps it by digest.",
        ],
        "provider_url": url,
        "extensions": both(json!({"navigator": nothing, "user_prefs": nothing, "graphql": nothing,
            "account": nothing, "collaborator": nothing})),
        "capabilities": features,
        "redirects": {},
    }))
}
