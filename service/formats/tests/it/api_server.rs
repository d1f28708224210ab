//! What an API server asks beyond JSON Schema: lists that are maps by a key of their items, sets, and the rules that
//! the schemas state in CEL. Those rules that our kinds come to are written out here; an unknown one is a fault.
use serde_json::Value;

/// What is wrong with a value of this schema, beyond its shape.
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = vec![];
    look(schema, value, "", &mut found);
    found
}

fn look(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    for stated in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
        let rule = stated["rule"].as_str().unwrap();
        match holds(rule, value) {
            Some(true) => {}
            Some(false) => found.push(format!("{at}: {}", stated["message"])),
            None => found.push(format!("{at}: a rule that is not written out here: {rule}")),
        }
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let named = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
                if let Some(named) = named {
                    look(named, member, &format!("{at}/{name}"), found);
                }
            }
        }
        Value::Array(items) => {
            if !is_each_once(schema, items) {
                found.push(format!("{at}: two items with the same key"));
            }
            for (n, item) in items.iter().enumerate() {
                look(&schema["items"], item, &format!("{at}/{n}"), found);
            }
        }
        _ => {}
    }
}

fn is_each_once(schema: &Value, items: &[Value]) -> bool {
    let names = schema["x-kubernetes-list-map-keys"].as_array().cloned().unwrap_or_default();
    let key = |item: &Value| -> Vec<Value> {
        match schema["x-kubernetes-list-type"].as_str() {
            Some("map") => names.iter().map(|name| item[name.as_str().unwrap()].clone()).collect(),
            _ => vec![item.clone()],
        }
    };
    let keyed = matches!(schema["x-kubernetes-list-type"].as_str(), Some("map" | "set"));
    !keyed || (1..items.len()).all(|n| items[..n].iter().all(|other| key(other) != key(&items[n])))
}

const ROUTES: [&str; 5] = ["HTTPRoute", "GRPCRoute", "UDPRoute", "TCPRoute", "TLSRoute"];

/// Whether a rule of the schemas holds for the value that it stands at. None: nobody has written it out.
fn holds(rule: &str, it: &Value) -> Option<bool> {
    let has = |name: &str| it.get(name).is_some();
    let how_many = |names: &[&str]| names.iter().filter(|name| has(name)).count();
    let text = it.as_str().unwrap_or_default();
    let keys = || it.as_object().into_iter().flat_map(|members| members.keys());
    let all = |name: &str, good: &dyn Fn(&Value) -> bool| it[name].as_array().into_iter().flatten().all(good);
    let of_gateway = |target: &Value| target["group"] == "gateway.networking.k8s.io";
    let attachable = |target: &Value| {
        let kind = target["kind"].as_str().unwrap_or_default();
        ["Gateway", "ListenerSet"].contains(&kind) || ROUTES.contains(&kind)
    };
    let optional = |name: &str, good: &dyn Fn(&Value) -> bool| it.get(name).is_none_or(good);
    Some(match rule {
        r#"!self.contains("*")"# => !text.contains('*'),
        r#"self.all(key, !key.contains("*"))"# => keys().all(|key| !key.contains('*')),
        "self.all(key, key.size() != 0)" => keys().all(|key| !key.is_empty()),
        "self.size() == 0" => text.is_empty(),
        r#"(has(self.valueFrom) ? self.valueFrom : "") != "HOST" || !has(self.value)"# => {
            it["valueFrom"] != "HOST" || !has("value")
        }
        "(has(self.selector) ? 1 : 0) + (has(self.targetRef) ? 1 : 0) + (has(self.targetRefs) ? 1 : 0) <= 1"
        | "(has(self.selector) ? 1 : 0) + (has(self.targetRefs) ? 1 : 0) <= 1" => {
            how_many(&["selector", "targetRef", "targetRefs"]) <= 1
        }
        "has(self.wasm) != has(self.lua)" => has("wasm") != has("lua"),
        "self.kind == 'Secret'" => it["kind"] == "Secret",
        "self.type == 'HTTP' ? has(self.http) : !has(self.http)" => (it["type"] == "HTTP") == has("http"),
        "self.type == 'Image' ? has(self.image) : !has(self.image)" => {
            (it["type"] == "Image") == has("image")
        }
        "has(self.group) ? self.group == 'gateway.networking.k8s.io' : true " => {
            !has("group") || of_gateway(it)
        }
        "has(self.targetRef) ? self.targetRef.group == 'gateway.networking.k8s.io' : true" => {
            optional("targetRef", &of_gateway)
        }
        "has(self.targetRefs) ? self.targetRefs.all(ref, ref.group == 'gateway.networking.k8s.io') : true " => {
            all("targetRefs", &of_gateway)
        }
        _ if rule.starts_with("has(self.targetRef) ? self.targetRef.kind in [") => {
            optional("targetRef", &attachable)
        }
        _ if rule.starts_with("has(self.targetRefs) ? self.targetRefs.all(ref, ref.kind in [") => {
            all("targetRefs", &attachable)
        }
        _ if rule.starts_with("(has(self.targetRef) && !has(self.targetRefs)) || ") => {
            let selectors = it["targetSelectors"].as_array().is_some_and(|all| !all.is_empty());
            has("targetRef") != has("targetRefs") || selectors
        }
        // Never written, so never wrong.
        _ if rule.starts_with("!has(self.mergeType) || ") && !has("mergeType") => true,
        _ if rule.starts_with("isURL(self) ? (url(self).getScheme() in [") => {
            let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
            !text.is_empty() && ["", "http", "https", "oci", "file"].contains(&scheme)
        }
        _ => return None,
    })
}
