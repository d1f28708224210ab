//! Envoy Gateway's EnvoyExtensionPolicy.
use crate::{
    FailurePolicy, TargetRef,
    plan::{Code, Plan},
};
use serde_json::{Map, Value, json};

pub fn extension_policy(plan: &Plan<'_>) -> Value {
    let namespace = plan.options.namespace.as_deref().unwrap_or("default");
    let mut spec = Map::new();
    match (&plan.options.selector, &plan.options.target_refs) {
        (Some(labels), _) => {
            let selector =
                json!({"group": "gateway.networking.k8s.io", "kind": "Gateway", "matchLabels": labels});
            spec.insert("targetSelectors".into(), json!([selector]));
        }
        (None, Some(targets)) => {
            spec.insert("targetRefs".into(), targets.iter().map(target).collect());
        }
        // The name that Envoy Gateway's own introduction gives its gateway.
        (None, None) => {
            let usual = TargetRef { group: None, kind: "Gateway".into(), name: "eg".into() };
            spec.insert("targetRefs".into(), json!([target(&usual)]));
        }
    }
    spec.insert("wasm".into(), json!([plugin(plan)]));
    json!({
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "EnvoyExtensionPolicy",
        "metadata": {"name": plan.object(), "namespace": namespace},
        "spec": spec,
    })
}

fn target(target: &TargetRef) -> Value {
    json!({"group": target.group(), "kind": target.kind, "name": target.name})
}

fn plugin(plan: &Plan<'_>) -> Value {
    let mut plugin = json!({"name": plan.object()});
    if let Some(root_id) = plan.root_id {
        plugin["rootID"] = root_id.into();
    }
    plugin["code"] = match &plan.code {
        Code::Image { name, manifest } => {
            let mut image = json!({"url": format!("{name}@sha256:{manifest}"), "sha256": manifest});
            if let Some(secret) = &plan.options.pull_secret {
                image["pullSecretRef"] = json!({"kind": "Secret", "name": secret});
            }
            json!({"type": "Image", "image": image})
        }
        Code::Url { url, module } => json!({"type": "HTTP", "http": {"url": url, "sha256": module}}),
        Code::None => Value::Null,
    };
    if let Some(given) = plan.configuration {
        plugin["config"] = given.clone();
    }
    plugin["failOpen"] = (plan.failure == FailurePolicy::Open).into();
    if !plan.environment_keys.is_empty() {
        plugin["env"] = json!({"hostKeys": plan.environment_keys});
    }
    plugin
}
