//! Whether a configuration fits a JSON Schema (draft 2020-12 and what older drafts share with it).
//! Schemas come from strangers: the work is bounded, references stay inside the schema, and what
//! is not understood ends in "unknown", never in a guess.
mod numbers;
mod rules;

use regex::Regex;
use serde_json::{Map, Value};
use std::collections::HashMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Valid,
    /// Where and why, for people.
    Invalid(Vec<String>),
    /// It cannot be told, and why.
    Unknown(String),
}

/// Steps that one check may take: some tens of milliseconds.
const STEPS: usize = 50_000;
/// As deep as documents are taken here, and references may go around.
const DEPTH: usize = 100;
const FAULTS: usize = 10;

pub fn check(schema: &Value, value: &Value) -> Outcome {
    let mut check = Check { root: schema, steps: STEPS, depth: 0, patterns: HashMap::new() };
    let mut faults = vec![];
    match check.evaluate(schema, value, "", &mut faults) {
        Ok(()) if faults.is_empty() => Outcome::Valid,
        Ok(()) => Outcome::Invalid(faults),
        Err(why) => Outcome::Unknown(why),
    }
}

/// `Err` says why it cannot be told.
type Told<T = ()> = Result<T, String>;

struct Check<'a> {
    root: &'a Value,
    steps: usize,
    depth: usize,
    patterns: HashMap<String, Regex>,
}

/// What would need more than is done here.
const BEYOND: [&str; 5] =
    ["$dynamicRef", "$recursiveRef", "unevaluatedProperties", "unevaluatedItems", "extends"];

impl Check<'_> {
    /// Pays for work before it is done.
    fn pay(&mut self, steps: usize) -> Told {
        self.steps = self.steps.checked_sub(steps).ok_or("it would take too long")?;
        Ok(())
    }

    fn evaluate(&mut self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) -> Told {
        self.pay(1)?;
        match schema {
            Value::Bool(true) => Ok(()),
            Value::Bool(false) => {
                fault(faults, at, "is not allowed here");
                Ok(())
            }
            Value::Object(keywords) => {
                self.depth += 1;
                if self.depth > DEPTH {
                    return Err("the schema is too deep, or refers to itself".into());
                }
                self.keywords(keywords, value, at, faults)?;
                self.depth -= 1;
                Ok(())
            }
            _ => Err("a part of the schema is neither an object nor true or false".into()),
        }
    }

    fn keywords(
        &mut self,
        k: &Map<String, Value>,
        value: &Value,
        at: &str,
        faults: &mut Vec<String>,
    ) -> Told {
        if let Some(word) = BEYOND.iter().find(|word| k.contains_key(**word)) {
            return Err(format!("the schema uses `{word}`"));
        }
        self.referred(k, value, at, faults)?;
        self.kind(k, value, at, faults)?;
        self.logic(k, value, at, faults)?;
        match value {
            Value::Object(members) => self.object(k, members, at, faults),
            Value::Array(items) => self.array(k, items, at, faults),
            Value::String(text) => self.text(k, text, at, faults),
            Value::Number(number) => numbers::check(k, number, at, faults),
            _ => Ok(()),
        }
    }

    /// Whether it fits, without saying why not.
    fn fits(&mut self, schema: &Value, value: &Value) -> Told<bool> {
        let mut faults = vec![];
        self.evaluate(schema, value, "", &mut faults)?;
        Ok(faults.is_empty())
    }

    fn referred(
        &mut self,
        k: &Map<String, Value>,
        value: &Value,
        at: &str,
        faults: &mut Vec<String>,
    ) -> Told {
        let Some(reference) = k.get("$ref") else { return Ok(()) };
        let path = reference.as_str().and_then(|text| text.strip_prefix('#'));
        let local = path.filter(|path| path.is_empty() || path.starts_with('/'));
        let path = local.ok_or_else(|| format!("the schema refers to {reference}, outside of itself"))?;
        self.pay(1 + path.len() / 16)?;
        let target = self.root.pointer(&path.replace("%24", "$").replace("%25", "%"));
        let target =
            target.ok_or_else(|| format!("the schema refers to {reference}, which it does not have"))?;
        self.evaluate(target, value, at, faults)
    }

    fn matches(&mut self, pattern: &str, text: &str) -> Told<bool> {
        self.pay(1 + text.len() / 16)?;
        if !self.patterns.contains_key(pattern) {
            self.pay(100 + pattern.len())?;
            let built = regex::RegexBuilder::new(pattern).size_limit(1 << 18).nest_limit(50).build();
            let built = built.map_err(|_| {
                format!("the schema has the pattern `{pattern}`, which is not understood here")
            })?;
            self.patterns.insert(pattern.to_owned(), built);
        }
        Ok(self.patterns.get(pattern).is_some_and(|regex| regex.is_match(text)))
    }

    /// Equal as JSON Schema has it: 1 is 1.0.
    fn same(&mut self, a: &Value, b: &Value) -> Told<bool> {
        self.pay(1)?;
        match (a, b) {
            (Value::Number(a), Value::Number(b)) => Ok(numbers::equal(a, b)),
            (Value::String(a), Value::String(b)) => {
                self.pay(a.len() / 64)?;
                Ok(a == b)
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                for (a, b) in a.iter().zip(b) {
                    if !self.same(a, b)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
                for (name, a) in a {
                    match b.get(name) {
                        Some(b) if self.same(a, b)? => {}
                        _ => return Ok(false),
                    }
                }
                Ok(true)
            }
            (a, b) => Ok(a == b),
        }
    }
}

fn fault(faults: &mut Vec<String>, at: &str, message: impl AsRef<str>) {
    if faults.len() < FAULTS {
        let place = if at.is_empty() { "it" } else { at };
        faults.push(format!("{place} {}", message.as_ref()));
    }
}

/// A keyword's number of things.
fn count(k: &Map<String, Value>, word: &str) -> Told<Option<usize>> {
    let Some(value) = k.get(word) else { return Ok(None) };
    let whole =
        value.as_u64().or_else(|| value.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0).map(|n| n as u64));
    let count = whole.and_then(|n| usize::try_from(n).ok());
    count.map(Some).ok_or_else(|| format!("the schema's `{word}` is no number of things"))
}

fn wrong(word: &str) -> String {
    format!("the schema's `{word}` has the wrong shape")
}

/// A list of schemas, none when the keyword is not there.
fn list<'k>(k: &'k Map<String, Value>, word: &str) -> Told<&'k [Value]> {
    k.get(word).map_or(Ok(&[]), |value| value.as_array().map(Vec::as_slice).ok_or_else(|| wrong(word)))
}

/// Schemas by name.
fn named<'k>(k: &'k Map<String, Value>, word: &str) -> Told<Option<&'k Map<String, Value>>> {
    k.get(word).map(|value| value.as_object().ok_or_else(|| wrong(word))).transpose()
}

#[cfg(test)]
mod tests;
