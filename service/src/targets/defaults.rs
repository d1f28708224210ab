//! Configuration that is there before anybody asks for a deployment: of the instance, and of a target. By filter,
//! from the general to the special, merged as RFC 7396 says.
use crate::error::{Error, Result};
use serde_json::{Map, Value};
use std::path::Path;

const MOST: usize = 64 * 1024;

/// Of patterns `*`, `namespace/*` and `namespace/filter`, what each adds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defaults(Map<String, Value>);

impl Defaults {
    /// What the operator gave.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        let Some(file) = file else { return Ok(Self::default()) };
        let wrong = |why: String| Error::invalid("--deploy-defaults", format!("{}: {why}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|e| wrong(e.to_string()))?;
        let value = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        Self::read(value).map_err(|e| wrong(e.detail().to_owned()))
    }

    /// As it comes from outside.
    pub fn read(value: Value) -> Result<Self> {
        let wrong = |why: String| Error::invalid("defaults", why);
        let Value::Object(all) = value else { return Err(wrong("a JSON object, by filter".into())) };
        for (pattern, value) in &all {
            let parts: Vec<_> = pattern.split('/').collect();
            let known = pattern == "*" || (parts.len() == 2 && parts.iter().all(|p| !p.is_empty()));
            if !known {
                return Err(wrong(format!(
                    "`{pattern}` is none of `*`, `namespace/*` and `namespace/filter`"
                )));
            }
            if !value.is_object() {
                return Err(wrong(format!("what is given for `{pattern}` is no JSON object")));
            }
        }
        if Value::Object(all.clone()).to_string().len() > MOST {
            return Err(wrong(format!("at most {MOST} bytes")));
        }
        Ok(Self(all))
    }

    /// Of a row that was checked when it was written.
    pub fn stored(value: &Value) -> Self {
        Self(value.as_object().cloned().unwrap_or_default())
    }

    pub fn add_to(&self, config: &mut Value, namespace: &str, filter: &str) {
        for pattern in ["*".to_owned(), format!("{namespace}/*"), format!("{namespace}/{filter}")] {
            if let Some(more) = self.0.get(&pattern) {
                merge(config, more);
            }
        }
    }
}

/// RFC 7396: null removes, objects are merged, all else replaces.
pub fn merge(base: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else { return *base = patch.clone() };
    if !base.is_object() {
        *base = Value::Object(Map::new());
    }
    let Value::Object(base) = base else { return };
    for (name, value) in patch {
        match value {
            Value::Null => drop(base.remove(name)),
            value => merge(base.entry(name.clone()).or_insert(Value::Null), value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_special_wins_over_the_general_and_null_removes() {
        let defaults = Defaults::read(json!({
            "acme/guard": {"mode": "strict", "b": null}, "*": {"log": "warn", "b": 1}, "acme/*": {"log": "info"},
            "other/guard": {"never": true}
        }));
        let mut config = json!({"b": 0});
        defaults.unwrap().add_to(&mut config, "acme", "guard");
        assert_eq!(config, json!({"log": "info", "mode": "strict"}));
        for wrong in [json!([]), json!({"a": {}}), json!({"a/b/c": {}}), json!({"*": 1}), json!({"/": {}})] {
            assert!(Defaults::read(wrong.clone()).is_err(), "{wrong}");
        }
    }

    /// The examples of the RFC's appendix.
    #[test]
    fn merging_does_what_the_specification_shows() {
        for (base, patch, merged) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let mut base = base;
            merge(&mut base, &patch);
            assert_eq!(base, merged);
        }
    }
}
