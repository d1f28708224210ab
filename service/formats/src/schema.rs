//! Whether a configuration fits a JSON Schema (draft 2020-12 and what older drafts share with it).
//! Schemas come from strangers: the work is bounded, references stay inside the schema, and what
//! is not understood ends in "unknown", never in a guess.
mod faults;
mod numbers;
mod patterns;
mod rules;

use faults::{At, Faults, unknown};
use patterns::Pattern;
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
const TOO_LONG: &str = "it would take too long";

pub fn check(schema: &Value, value: &Value) -> Outcome {
    let mut check = Check { root: schema, steps: STEPS, depth: 0, patterns: HashMap::new() };
    let mut faults = Faults::default();
    match check.evaluate(schema, value, At::TOP, &mut faults) {
        Ok(()) if faults.any() => Outcome::Invalid(faults.told()),
        Ok(()) => Outcome::Valid,
        Err(why) => Outcome::Unknown(why),
    }
}

/// `Err` says why it cannot be told.
type Told<T = ()> = Result<T, String>;

struct Check<'a> {
    root: &'a Value,
    steps: usize,
    depth: usize,
    patterns: HashMap<String, Pattern>,
}

/// What would need more than is done here.
const BEYOND: [&str; 5] =
    ["$dynamicRef", "$recursiveRef", "unevaluatedProperties", "unevaluatedItems", "extends"];

impl Check<'_> {
    /// Pays for work before it is done: a step for each thing that is looked at, and for each 64 bytes.
    fn pay(&mut self, steps: usize) -> Told {
        self.steps = self.steps.checked_sub(steps).ok_or(TOO_LONG)?;
        Ok(())
    }

    fn evaluate(&mut self, schema: &Value, value: &Value, at: At<'_>, faults: &mut Faults) -> Told {
        self.pay(1)?;
        match schema {
            Value::Bool(true) => Ok(()),
            Value::Bool(false) => {
                faults.add(&at, "is not allowed here");
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

    fn keywords(&mut self, k: &Map<String, Value>, value: &Value, at: At<'_>, faults: &mut Faults) -> Told {
        if let Some(word) = BEYOND.iter().find(|word| k.contains_key(**word)) {
            return Err(format!("the schema uses `{word}`"));
        }
        self.referred(k, value, at, faults)?;
        self.kind(k, value, at, faults)?;
        self.logic(k, value, at, faults)?;
        match value {
            Value::Object(members) => self.object(k, (value, members), at, faults),
            Value::Array(items) => self.array(k, items, at, faults),
            Value::String(text) => self.text(k, text, at, faults),
            Value::Number(number) => numbers::check(k, number, &at, faults),
            _ => Ok(()),
        }
    }

    /// Whether it fits, without saying why not.
    fn fits(&mut self, schema: &Value, value: &Value) -> Told<bool> {
        let mut faults = Faults::silent();
        self.evaluate(schema, value, At::TOP, &mut faults)?;
        Ok(!faults.any())
    }

    fn referred(&mut self, k: &Map<String, Value>, value: &Value, at: At<'_>, faults: &mut Faults) -> Told {
        let Some(reference) = k.get("$ref") else { return Ok(()) };
        let path = reference.as_str().and_then(|text| text.strip_prefix('#'));
        let local = path.filter(|path| path.is_empty() || path.starts_with('/'));
        let path = local
            .ok_or_else(|| unknown(format_args!("the schema refers to {reference}, outside of itself")))?;
        self.pay(1 + path.len() / 16)?;
        let target = self.root.pointer(&path.replace("%24", "$").replace("%25", "%"));
        let nowhere = || unknown(format_args!("the schema refers to {reference}, which it does not have"));
        let target = target.ok_or_else(nowhere)?;
        self.evaluate(target, value, at, faults)
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
                    self.pay(name.len() / 64)?;
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
