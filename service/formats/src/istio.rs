//! Istio's WasmPlugin and TrafficExtension: the same plugin in two shapes.
use crate::{
    ApplyTo, FailurePolicy, Point,
    plan::{Code, Plan},
};
use serde_json::{Map, Value, json};

pub fn wasm_plugin(plan: &Plan<'_>) -> Value {
    let mut spec = attachment(plan);
    spec.extend(plugin(plan));
    spec.extend(place(plan));
    json!({"apiVersion": "extensions.istio.io/v1alpha1", "kind": "WasmPlugin", "metadata": metadata(plan), "spec": spec})
}

pub fn traffic_extension(plan: &Plan<'_>) -> Value {
    let mut spec = attachment(plan);
    spec.extend(place(plan));
    spec.insert("wasm".into(), Value::Object(plugin(plan)));
    json!({"apiVersion": "extensions.istio.io/v1alpha1", "kind": "TrafficExtension", "metadata": metadata(plan), "spec": spec})
}

/// What is in the root namespace is for the whole mesh.
fn metadata(plan: &Plan<'_>) -> Value {
    let classes = plan.options.target_refs.iter().flatten().any(|target| target.kind == "GatewayClass");
    let everywhere = classes || plan.options.apply_to == Some(ApplyTo::Mesh);
    let usual = if everywhere { "istio-system" } else { "default" };
    json!({"name": plan.object(), "namespace": plan.options.namespace.as_deref().unwrap_or(usual)})
}

fn attachment(plan: &Plan<'_>) -> Map<String, Value> {
    let mut spec = Map::new();
    if let Some(labels) = &plan.options.selector {
        spec.insert("selector".into(), json!({"matchLabels": labels}));
    }
    if let Some(targets) = &plan.options.target_refs {
        let target = |t: &crate::TargetRef| json!({"group": t.group(), "kind": t.kind, "name": t.name});
        spec.insert("targetRefs".into(), targets.iter().map(target).collect());
    }
    spec
}

fn place(plan: &Plan<'_>) -> Map<String, Value> {
    let options = plan.options;
    let mut spec = Map::new();
    if let Some(phase) = options.phase {
        spec.insert("phase".into(), phase.as_str().into());
    }
    if let Some(priority) = options.priority {
        spec.insert("priority".into(), priority.into());
    }
    let mut matched = Map::new();
    if let Some(mode) = options.match_mode {
        matched.insert("mode".into(), mode.as_str().into());
    }
    if let Some(ports) = &options.match_ports {
        matched.insert("ports".into(), ports.iter().map(|number| json!({"number": number})).collect());
    }
    if !matched.is_empty() {
        spec.insert("match".into(), json!([matched]));
    }
    spec
}

fn plugin(plan: &Plan<'_>) -> Map<String, Value> {
    let mut spec = Map::new();
    let mut set = |name: &str, value: Value| spec.insert(name.into(), value);
    match &plan.code {
        // Of the manifest, and of the bytes.
        Code::Image { name, manifest } => {
            set("url", format!("oci://{name}@sha256:{manifest}").into());
            set("sha256", manifest.as_str().into());
            set("imagePullPolicy", "IfNotPresent".into());
            if let Some(secret) = &plan.options.pull_secret {
                set("imagePullSecret", secret.as_str().into());
            }
        }
        Code::Url { url, module } => {
            set("url", url.as_str().into());
            set("sha256", module.as_str().into());
        }
        Code::None => {}
    }
    if let Some(root_id) = plan.root_id {
        set("pluginName", root_id.into());
    }
    if let Some(given) = plan.configuration {
        set("pluginConfig", given.clone());
    }
    let strategy = match plan.failure {
        FailurePolicy::Closed => "FAIL_CLOSE",
        FailurePolicy::Open => "FAIL_OPEN",
        FailurePolicy::Reload => "FAIL_RELOAD",
    };
    set("failStrategy", strategy.into());
    if !plan.environment_keys.is_empty() {
        let variable = |name: &&str| json!({"name": name, "valueFrom": "HOST"});
        let env: Vec<_> = plan.environment_keys.iter().map(variable).collect();
        set("vmConfig", json!({"env": env}));
    }
    set("type", if plan.point == Point::Network { "NETWORK" } else { "HTTP" }.into());
    spec
}
