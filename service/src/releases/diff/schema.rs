//! What changed in a configuration schema, property by property. Reads the parts of JSON Schema
//! that say what a configuration looks like: `properties`, `items`, `type`, `required`. Pure, and
//! bounded: schemas are written by whoever uploads.
use super::view::{SchemaChanges, SchemaProperty, SchemaPropertyChange};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Properties of one schema, and how deep they lie.
const MOST: usize = 500;
const DEEPEST: usize = 12;
/// Bytes of a path.
const LONGEST: usize = 300;
/// Keywords that describe a value for people, or hold other properties.
const NOT_RULES: [&str; 10] = [
    "type",
    "title",
    "description",
    "examples",
    "default",
    "$comment",
    "properties",
    "required",
    "items",
    "$schema",
];

struct Found {
    property: SchemaProperty,
    /// What else is demanded of the value.
    rules: Value,
}

#[derive(Default)]
struct Properties {
    by_path: BTreeMap<String, Found>,
    cut: bool,
}

pub fn changes(old: Option<&Value>, new: Option<&Value>) -> SchemaChanges {
    let read = |schema: Option<&Value>| {
        let mut all = Properties::default();
        if let Some(schema) = schema {
            all.read("", schema, 0);
        }
        all
    };
    let (before, after) = (read(old), read(new));
    let mut out = SchemaChanges { changed: old != new, cut: before.cut || after.cut, ..Default::default() };
    for (path, found) in &after.by_path {
        match before.by_path.get(path) {
            None => out.added.push(found.property.clone()),
            Some(was) if was.property == found.property && was.rules == found.rules => {}
            Some(was) => out.altered.push(SchemaPropertyChange {
                path: path.clone(),
                old: was.property.clone(),
                new: found.property.clone(),
                rules_changed: was.rules != found.rules,
            }),
        }
    }
    let gone = before.by_path.into_iter().filter(|(path, _)| !after.by_path.contains_key(path));
    out.removed = gone.map(|(_, found)| found.property).collect();
    out
}

impl Properties {
    fn read(&mut self, path: &str, schema: &Value, depth: usize) {
        let Some(schema) = schema.as_object() else { return };
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|r| r == name));
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if self.by_path.len() >= MOST || depth >= DEEPEST || path.len() > LONGEST {
                    self.cut = true;
                    return;
                }
                self.keep(&path, property, is_required(name));
                self.read(&path, property, depth + 1);
            }
        }
        if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
            self.read(&format!("{path}[]"), items, depth + 1);
        }
    }

    fn keep(&mut self, path: &str, schema: &Value, required: bool) {
        let empty = Map::new();
        let fields = schema.as_object().unwrap_or(&empty);
        let rules = fields.iter().filter(|(keyword, _)| !NOT_RULES.contains(&keyword.as_str()));
        let rules: Map<_, _> = rules.map(|(keyword, value)| (keyword.clone(), value.clone())).collect();
        let property = SchemaProperty { path: path.to_owned(), kind: kind(fields), required };
        self.by_path.insert(path.to_owned(), Found { property, rules: rules.into() });
    }
}

/// The type in words; of a list, with that of its items.
fn kind(schema: &Map<String, Value>) -> String {
    let named = match schema.get("type") {
        Some(Value::String(one)) => one.clone(),
        Some(Value::Array(many)) => {
            many.iter().filter_map(Value::as_str).take(8).collect::<Vec<_>>().join(" or ")
        }
        _ if schema.contains_key("enum") => "one of a list".to_owned(),
        _ => "any".to_owned(),
    };
    let items = schema.get("items").and_then(|items| items.get("type")).and_then(Value::as_str);
    let named = match items {
        Some(items) if named == "array" => format!("array of {items}"),
        _ => named,
    };
    named.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn properties_come_go_and_change_by_their_path() {
        let old = json!({"type": "object", "required": ["header"], "properties": {
            "header": {"type": "string", "description": "before"},
            "limits": {"type": "object", "properties": {"burst": {"type": "integer", "maximum": 10}}},
            "gone": {"type": ["string", "null"]},
        }});
        let new = json!({"type": "object", "properties": {
            "header": {"type": "string", "description": "after"},
            "limits": {"type": "object", "properties": {"burst": {"type": "integer", "maximum": 20}}},
            "rules": {"type": "array", "items": {"type": "object", "required": ["set"], "properties": {"set": {}}}},
        }});
        let found = changes(Some(&old), Some(&new));
        let paths = |all: &[SchemaProperty]| {
            all.iter().map(|p| format!("{} {} {}", p.path, p.kind, p.required)).collect::<Vec<_>>()
        };
        assert_eq!(paths(&found.added), ["rules array of object false", "rules[].set any true"]);
        assert_eq!(paths(&found.removed), ["gone string or null false"]);
        let altered: Vec<_> = found.altered.iter().map(|c| (c.path.as_str(), c.rules_changed)).collect();
        assert_eq!(altered, [("header", false), ("limits.burst", true)]);
        assert!(found.changed && !found.cut);
    }

    #[test]
    fn a_schema_without_end_is_cut() {
        let mut deep = json!({});
        for _ in 0..100 {
            deep = json!({"properties": {"a": deep.clone(), "b": {}}});
        }
        let found = changes(None, Some(&deep));
        assert!(found.cut && found.added.len() <= MOST);
        let wide: Map<_, _> = (0..2_000).map(|n| (format!("p{n}"), json!({}))).collect();
        let found = changes(Some(&json!({"properties": wide})), None);
        assert!(found.cut && found.removed.len() == MOST);
        assert!(!changes(Some(&json!([1])), Some(&json!([1]))).changed);
    }
}
