//! What comes over what is kept: null, an empty text and the default place are what Meshery fills in by itself,
//! and wipe nothing. A key replaces itself in whatever spelling it was kept. Pure.
use super::wire::{camel, snake};
use serde_json::{Map, Value, value::RawValue};
use std::collections::BTreeMap;

/// Every edit names the default.
pub fn is_a_place(location: &Value) -> bool {
    ["host", "path", "branch"].iter().any(|key| location[key].as_str().is_some_and(|text| !text.is_empty()))
}

/// The other spelling of a key; those that begin with a capital are Fortio's own, and have none.
fn other(name: &str) -> Option<String> {
    let word = name.starts_with(|c: char| c.is_ascii_lowercase());
    [camel(name), snake(name)].into_iter().find(|other| word && other != name)
}

/// Catalog data; what we add to it ourselves is not kept.
pub fn merged(old: Option<&String>, new: &Map<String, Value>) -> Value {
    let old = old.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let mut all = old.and_then(|value| value.as_object().cloned()).unwrap_or_default();
    for (name, value) in new.iter().filter(|(_, value)| !value.is_null() && value.as_str() != Some("")) {
        if let Some(other) = other(name).filter(|other| !new.contains_key(other)) {
            all.shift_remove(&other);
        }
        all.insert(name.clone(), value.clone());
    }
    for ours in ["published_version", "publishedVersion"] {
        all.shift_remove(ours);
    }
    Value::Object(all)
}

/// The same of documents whose values are the text that came.
pub fn merged_raw(
    old: BTreeMap<String, Box<RawValue>>,
    new: &BTreeMap<String, Box<RawValue>>,
) -> BTreeMap<String, Box<RawValue>> {
    let mut all = old;
    for (name, value) in new.iter().filter(|(_, value)| !["null", "\"\""].contains(&value.get())) {
        if let Some(other) = other(name).filter(|other| !new.contains_key(other)) {
            all.remove(&other);
        }
        all.insert(name.clone(), value.clone());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_says_nothing_wipes_nothing_and_a_key_replaces_both_of_its_spellings() {
        let old =
            json!({"pattern_info": "i", "compatibility": ["istio"], "x": 1, "RunType": "HTTP"}).to_string();
        let new =
            json!({"patternInfo": "j", "compatibility": null, "x": "", "publishedVersion": "1", "y": []});
        let wanted =
            json!({"patternInfo": "j", "compatibility": ["istio"], "x": 1, "RunType": "HTTP", "y": []});
        assert_eq!(merged(Some(&old), new.as_object().unwrap()), wanted);
        let raw = |text: &str| serde_json::from_str(text).unwrap();
        let both =
            merged_raw(raw(r#"{"run_type":1e400,"last_run":"a"}"#), &raw(r#"{"RunType":2.0,"lastRun":""}"#));
        let text = serde_json::to_string(&both).unwrap();
        assert_eq!(text, r#"{"RunType":2.0,"last_run":"a","run_type":1e400}"#);
    }
}
