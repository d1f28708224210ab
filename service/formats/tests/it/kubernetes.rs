//! What Tamis renders for Kubernetes fits the published schemas of its kinds, without a field that they do not know.
use super::{api_server, release, rendered};
use serde_json::{Map, Value, json};
use tamis_formats::Format;

/// As an API server checks with strict field validation: what is not named is refused.
fn strict(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    let open = object.contains_key("additionalProperties")
        || object.contains_key("x-kubernetes-preserve-unknown-fields");
    if object.contains_key("properties") && !open {
        object.insert("additionalProperties".into(), false.into());
    }
    for (word, value) in object.iter_mut() {
        match word.as_str() {
            "properties" => value.as_object_mut().unwrap().values_mut().for_each(strict),
            "items" | "additionalProperties" => strict(value),
            _ => {}
        }
    }
}

fn published(kind: &str) -> Value {
    let text = match kind {
        "WasmPlugin" => include_str!("schemas/wasmplugin.json"),
        "TrafficExtension" => include_str!("schemas/trafficextension.json"),
        _ => include_str!("schemas/envoyextensionpolicy.json"),
    };
    serde_json::from_str(text).unwrap()
}

fn validator(kind: &str) -> jsonschema::Validator {
    let mut schema = published(kind);
    // The API server knows these by itself.
    schema["properties"]["apiVersion"] = json!({"type": "string"});
    schema["properties"]["kind"] = json!({"type": "string"});
    schema["properties"]["metadata"] = json!({"type": "object", "properties": {"name": {"pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"}, "namespace": {"pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"}}});
    strict(&mut schema);
    jsonschema::draft7::new(&schema).unwrap()
}

fn check(text: &str) -> Value {
    let object: Value = serde_norway::from_str(text).unwrap();
    let kind = object["kind"].as_str().unwrap();
    let schema = validator(kind);
    let errors = schema.iter_errors(&object).map(|e| format!("{}: {e}", e.instance_path()));
    let faults: Vec<_> = errors.chain(api_server::faults(&published(kind), &object)).collect();
    assert!(faults.is_empty(), "{faults:#?}\n{text}");
    object
}

/// Every option alone, none, and all together.
fn choices(all: &Map<String, Value>) -> Vec<Value> {
    let mut choices = vec![json!({}), Value::Object(all.clone())];
    for (name, value) in all {
        choices.push(json!({name: value}));
    }
    choices
}

#[test]
fn every_kind_with_every_option_fits_its_published_schema() {
    let common = json!({"name": "on", "root_id": "n", "configuration": {"required": ["x-a"], "forbidden": []}, "failure_policy": "fail-open",
        "environment_keys": ["REGION", "y"], "source": "http", "namespace": "shop", "selector": {"app": "front", "no": "1"}, "pull_secret": "tamis-pull"});
    let mut mesh = common.clone();
    let more = json!({"phase": "STATS", "priority": -1, "match_mode": "CLIENT_AND_SERVER", "match_ports": [80, 65535]});
    mesh.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let targets = json!([{"kind": "Gateway", "name": "edge"}]);
    for (format, all) in
        [(Format::Istio, &mesh), (Format::IstioTrafficExtension, &mesh), (Format::EnvoyGateway, &common)]
    {
        let mut all = choices(all.as_object().unwrap());
        all.push(json!({"target_refs": targets, "failure_policy": "fail-closed", "source": "oci", "pull_secret": "a"}));
        for given in all {
            let object = check(&rendered(format, &release(), given.clone()).text);
            let wanted = given.get("namespace").cloned().unwrap_or(json!("default"));
            assert_eq!(object["metadata"]["namespace"], wanted);
        }
    }
    for (apply_to, namespace) in [("mesh", "istio-system"), ("namespace", "default")] {
        let object = check(&rendered(Format::Istio, &release(), json!({"apply_to": apply_to})).text);
        assert_eq!(object["metadata"]["namespace"], namespace);
        assert!(object["spec"].get("selector").is_none());
    }
}

#[test]
fn the_schemas_refuse_what_is_wrong() {
    let good = json!({"apiVersion": "extensions.istio.io/v1alpha1", "kind": "WasmPlugin", "metadata": {"name": "a"}, "spec": {"url": "oci://a/b"}});
    assert!(validator("WasmPlugin").is_valid(&good));
    for (field, value) in [
        ("sha256", json!("ABC")),
        ("failStrategy", json!("fail-open")),
        ("no_such", json!(1)),
        ("priority", json!("high")),
    ] {
        let mut wrong = good.clone();
        wrong["spec"][field] = value;
        assert!(!validator("WasmPlugin").is_valid(&wrong), "{field}");
    }
}

#[test]
fn the_rules_beside_the_schemas_refuse_what_is_wrong() {
    let mesh = |spec: Value| ("WasmPlugin", spec);
    let gateway = |spec: Value| ("EnvoyExtensionPolicy", spec);
    let edge = json!({"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "edge"});
    let image = json!({"name": "a", "code": {"type": "Image", "image": {"url": "a/b", "pullSecretRef": {"kind": "Secret", "name": "s"}}}});
    let good = [
        mesh(
            json!({"url": "oci://a/b", "targetRefs": [edge], "match": [{"ports": [{"number": 1}, {"number": 2}]}]}),
        ),
        mesh(
            json!({"url": "a/b", "selector": {"matchLabels": {"app": "x"}}, "vmConfig": {"env": [{"name": "A", "valueFrom": "HOST"}]}}),
        ),
        ("TrafficExtension", json!({"wasm": {"url": "https://a/b"}})),
        gateway(json!({"targetRefs": [edge], "wasm": [image]})),
    ];
    for (kind, spec) in good {
        let found = api_server::faults(&published(kind), &json!({"spec": spec}));
        assert!(found.is_empty(), "{kind} {spec}: {found:?}");
    }
    let mut other = edge.clone();
    other["kind"] = "Service".into();
    let mut map = image.clone();
    map["code"]["image"]["pullSecretRef"]["kind"] = "ConfigMap".into();
    let wrong = [
        mesh(json!({"url": "ftp://a/b"})),
        mesh(json!({"url": "a", "selector": {}, "targetRefs": [edge]})),
        mesh(json!({"url": "a", "selector": {"matchLabels": {"a": "*"}}})),
        mesh(json!({"url": "a", "match": [{"ports": [{"number": 1}, {"number": 1}]}]})),
        mesh(json!({"url": "a", "vmConfig": {"env": [{"name": "A"}, {"name": "A"}]}})),
        mesh(json!({"url": "a", "vmConfig": {"env": [{"name": "A", "valueFrom": "HOST", "value": "x"}]}})),
        ("TrafficExtension", json!({"wasm": {"url": "a"}, "lua": {}})),
        gateway(json!({"wasm": [image]})),
        gateway(json!({"targetRefs": [other], "wasm": [image]})),
        gateway(
            json!({"targetRefs": [edge], "wasm": [{"name": "a", "code": {"type": "HTTP", "image": {}}}]}),
        ),
        gateway(json!({"targetRefs": [edge], "wasm": [map]})),
    ];
    for (kind, spec) in wrong {
        let found = api_server::faults(&published(kind), &json!({"spec": spec}));
        assert!(!found.is_empty(), "{kind} {spec}");
        assert!(found.iter().all(|fault| !fault.contains("not written out")), "{found:?}");
    }
}
