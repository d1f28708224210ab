//! What Meshery's pages ask for around filters and designs: the organisation that the instance is, connections,
//! and pages of what Tamis does not have, which are empty and say so.
use super::{
    catalog, permissions, profile, servers,
    wire::{Asked, Body, both, ok, shown},
};
use crate::{
    auth::{
        SignedIn,
        access::{find_namespace, segment},
    },
    error::{Error, Result},
    state::State,
};
use actix_web::{HttpRequest, HttpResponse, web};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use tamis_entities::{meshery_server as server, value::Slug};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .route("/user", web::get().to(profile::get_own))
        .route("/user/preferences", web::get().to(profile::get_preferences))
        .route("/user/preferences", web::put().to(profile::put_preferences))
        .route("/api/identity/users/profile", web::get().to(profile::get_own))
        .route("/api/identity/users/profile/{id}", web::get().to(profile::get_other))
        .route("/api/identity/users", web::get().to(list_users))
        .route("/api/identity/users/keys", web::get().to(list_keys))
        .route("/api/identity/orgs", web::get().to(list_organisations))
        .route("/api/identity/orgs/{org}", web::get().to(get_organisation))
        .route("/api/identity/orgs/{org}/users/keys", web::get().to(list_keys_of))
        .route("/api/integrations/connections", web::get().to(list_connections))
        .route("/api/integrations/connections", web::post().to(save_connection))
        .route("/api/integrations/connections/{kind}/{id}", web::delete().to(delete_connection))
        .route("/api/content/filter/share", web::post().to(catalog::share))
        .route("/api/content/design/share", web::post().to(catalog::share));
    for (path, _) in EMPTY {
        config.route(path, web::get().to(empty));
    }
}

/// Lists of what Tamis does not have, and what their rows would be called.
const EMPTY: [(&str, &str); 3] = [
    ("/api/integrations/credentials", "credentials"),
    ("/api/environments", "environments"),
    ("/api/workspaces", "workspaces"),
];

async fn empty(_who: SignedIn, request: HttpRequest, asked: Asked) -> Result<HttpResponse> {
    let name = EMPTY.iter().find(|(path, _)| *path == request.path()).map_or("items", |(_, name)| name);
    Ok(ok(&asked.page()?.of(name, vec![])))
}

/// The one organisation there is: an id of version 4 that follows from the instance's secret.
fn organisation_id(state: &State) -> Result<Uuid> {
    let mut mac =
        Hmac::<sha2::Sha256>::new_from_slice(&state.secret).map_err(|e| Error::internal(e.to_string()))?;
    mac.update(b"meshery organisation");
    let digest = mac.finalize().into_bytes();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

pub fn organisation(state: &State) -> Result<Value> {
    let name = url::Url::parse(&state.public_url).ok().and_then(|u| u.host_str().map(str::to_owned));
    Ok(both(json!({
        "id": organisation_id(state)?,
        "name": name.unwrap_or_else(|| "Tamis".into()),
        "country": "",
        "city": "",
        "description": "Everyone on this Tamis.",
        "owner": "",
        "domain": null,
        "metadata": {},
        "role_names": [],
        "created_at": "1970-01-01T00:00:00Z",
        "updated_at": "1970-01-01T00:00:00Z",
        "deleted_at": null,
    })))
}

/// The path names this organisation, or none that there is.
pub fn check_organisation(state: &State, request: &HttpRequest) -> Result<()> {
    match segment::<Uuid>(request, "org")? == organisation_id(state)? {
        true => Ok(()),
        false => Err(Error::not_found()),
    }
}

async fn list_organisations(state: web::Data<State>, _who: SignedIn, asked: Asked) -> Result<HttpResponse> {
    Ok(ok(&asked.page()?.of("organizations", vec![organisation(&state)?])))
}

async fn get_organisation(
    state: web::Data<State>,
    _who: SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse> {
    check_organisation(&state, &request)?;
    Ok(ok(&organisation(&state)?))
}

/// All of them on one page: Meshery's user interface asks for one.
async fn list_keys(who: SignedIn) -> Result<HttpResponse> {
    let keys = permissions::keys(who.0.role);
    let all = super::wire::Pages { page: 0, size: keys.len() as u64 };
    Ok(ok(&all.of("keys", keys)))
}

async fn list_keys_of(state: web::Data<State>, who: SignedIn, request: HttpRequest) -> Result<HttpResponse> {
    check_organisation(&state, &request)?;
    list_keys(who).await
}

/// Who asks; or who is called exactly so, to share something with them. Nobody is listed for the asking.
async fn list_users(state: web::Data<State>, who: SignedIn, asked: Asked) -> Result<HttpResponse> {
    let wanted = match asked.search()? {
        None => Some(who.0.id),
        Some(words) => match words.split('@').next().unwrap_or_default().parse::<Slug>() {
            Ok(handle) => find_namespace(&*state.db, &handle).await?.map(|n| n.id),
            Err(_) => None,
        },
    };
    let people = profile::people(&state, wanted).await?.into_values().collect();
    Ok(ok(&asked.page()?.of("data", people)))
}

fn connection(row: &server::Model) -> Value {
    both(json!({
        "id": shown(row.id),
        "name": row.name,
        "kind": "meshery",
        "type": "platform",
        "sub_type": "management",
        "status": "connected",
        "metadata": {"server_id": row.instance_id, "server_version": row.version,
            "server_build_sha": row.build, "server_location": row.origin},
        "credential_id": null,
        "created_at": row.created_at,
        "updated_at": row.last_seen_at.unwrap_or(row.created_at),
    }))
}

async fn connections(state: &State, who: &SignedIn, asked: &Asked) -> Result<HttpResponse> {
    let rows = servers::of_person(state, &who.0).await?;
    Ok(ok(&asked.page()?.of("connections", rows.iter().map(connection).collect())))
}

async fn list_connections(state: web::Data<State>, who: SignedIn, asked: Asked) -> Result<HttpResponse> {
    connections(&state, &who, &asked).await
}

/// A Server that has just logged somebody in says what it is. Connections of other kinds are none of ours.
async fn save_connection(
    state: web::Data<State>,
    who: SignedIn,
    asked: Asked,
    body: Body,
) -> Result<HttpResponse> {
    let mut fields = body.fields()?;
    if fields.text("kind")?.as_deref() == Some("meshery") {
        let metadata = fields.object("metadata")?.unwrap_or(Value::Null);
        servers::register(&state, &who.0, &metadata).await?;
    }
    connections(&state, &who, &asked).await
}

/// A Server that goes down says so; it is known all the same.
async fn delete_connection(_who: SignedIn) -> HttpResponse {
    ok(&json!({}))
}
