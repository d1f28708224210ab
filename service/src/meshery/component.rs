//! A published release as a Meshery design: the filter, and the resource with which Istio's proxies load it by
//! its digest. Ready to be imported, or handed to Meshery's deploy endpoint.
use crate::{
    auth::ReleaseAccess,
    error::{Error, Result},
    http::problem::Problems,
    releases,
    state::State,
};
use actix_web::{HttpResponse, get, web};
use serde_json::{Value, json};
use tamis_entities::value::{PluginType, ReleaseState};

/// What the design is made from.
pub struct Subject {
    pub name: String,
    pub slug: String,
    pub version: String,
    pub url: String,
    pub sha256: String,
    pub network: bool,
    pub config: Option<Value>,
}

/// A scalar: JSON's texts are YAML's.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

pub fn render(s: &Subject) -> String {
    let config = s.config.clone().unwrap_or_else(|| json!({}));
    let text = match &config {
        Value::String(text) => quoted(text),
        value => quoted(&value.to_string()),
    };
    let kind = if s.network { "NETWORK" } else { "HTTP" };
    let (name, url, sha256) =
        (quoted(&format!("{} {}", s.name, s.version)), quoted(&s.url), quoted(&s.sha256));
    let slug = quoted(&s.slug);
    format!(
        "name: {name}\nversion: 0.0.1\nservices:\n  filter:\n    name: {slug}\n    type: WASMFilter\n    \
         settings:\n      url: {url}\n      sha256: {sha256}\n      config: {text}\n  plugin:\n    \
         name: {slug}\n    type: WasmPlugin\n    apiVersion: extensions.istio.io/v1alpha1\n    model: istio\n    \
         namespace: istio-system\n    dependsOn: [filter]\n    settings:\n      spec:\n        url: {url}\n        \
         sha256: {sha256}\n        type: {kind}\n        imagePullPolicy: IfNotPresent\n        \
         pluginConfig: {config}\n"
    )
}

/// Get a Meshery design
///
/// Of a published release: the filter and the resource that loads it by digest. Import it into Meshery, or send it
/// to its deploy endpoint.
#[utoipa::path(tag = "releases", operation_id = "getMesheryDesign",
    params(("namespace" = String, Path, description = "Handle of a user or team"), ("filter" = String, Path, description = "Name of the filter"), ("version" = String, Path, description = "SemVer")),
    responses((status = 200, description = "The design", body = serde_json::Value, content_type = "application/yaml"), Problems), security((), ("token" = [])))]
#[get("/api/v1/filters/{namespace}/{filter}/releases/{version}/meshery/design")]
pub async fn get_meshery_design(state: web::Data<State>, found: ReleaseAccess) -> Result<HttpResponse> {
    let release = &found.release;
    if !matches!(release.state, ReleaseState::Published | ReleaseState::Yanked) {
        let detail = format!(
            "version {} is {}; proxies cannot fetch it before it is published",
            release.version, release.state
        );
        return Err(Error::conflict("not-published", detail));
    }
    let shown = releases::shown_metadata(release, false);
    let subject = Subject {
        name: found.access.name(),
        slug: found.access.filter.name.to_string(),
        version: release.version.to_string(),
        url: format!("{}/modules/sha256/{}.wasm", state.public_url, release.sha256.hex()),
        sha256: release.sha256.hex().to_owned(),
        network: shown.plugin_type == Some(PluginType::Network),
        config: shown.config_sample.clone(),
    };
    Ok(HttpResponse::Ok().content_type("application/yaml").body(render(&subject)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_stays_within_its_quotes() {
        let subject = Subject {
            name: "a/b".into(),
            slug: "b".into(),
            version: "1.0.0".into(),
            url: "https://t.example/modules/sha256/00.wasm".into(),
            sha256: "00".into(),
            network: false,
            config: Some(json!({"a": "x: y\n- \"z\""})),
        };
        let yaml = render(&subject);
        assert!(yaml.contains(r#"pluginConfig: {"a":"x: y\n- \"z\""}"#), "{yaml}");
        assert!(yaml.lines().all(|line| !line.starts_with('-')), "{yaml}");
    }
}
