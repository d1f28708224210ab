//! A filter as a Meshery sends it. What its releases fill in by themselves (null, "", a component without
//! configuration) says nothing, and must not wipe what is there.
use crate::{
    error::{Error, Result},
    meshery::{
        merge::is_a_place,
        tokens::LENIENT,
        wire::{Fields, check_text},
    },
};
use base64::Engine;
use serde_json::Value;
use tamis_entities::value::Visibility;
use uuid::Uuid;

#[derive(Default)]
pub struct Given {
    pub id: Option<Uuid>,
    pub name: Option<String>,
    pub file: Option<Vec<u8>>,
    pub visibility: Option<Visibility>,
    pub details: Details,
}

/// What Tamis has no word of its own for.
#[derive(Clone, Default)]
pub struct Details {
    pub location: Option<Value>,
    pub catalog_data: Option<Value>,
    pub resource: Option<String>,
}

impl Given {
    pub fn read(mut fields: Fields) -> Result<Self> {
        Ok(Self {
            id: fields.id("id")?,
            name: fields.text("name")?,
            file: fields.take("filter_file").map_or(Ok(None), file)?,
            visibility: visibility(&mut fields)?,
            details: Details {
                location: fields.object("location")?.filter(is_a_place),
                catalog_data: fields.object("catalog_data")?,
                resource: resource(&mut fields)?,
            },
        })
    }
}

fn visibility(fields: &mut Fields) -> Result<Option<Visibility>> {
    match fields.text("visibility")?.as_deref() {
        // What is published says so itself.
        None | Some("published") => Ok(None),
        Some("private") => Ok(Some(Visibility::Private)),
        Some("public") => Ok(Some(Visibility::Public)),
        Some(_) => Err(Error::invalid("visibility", "`private`, `public` or `published`")),
    }
}

/// A Server makes the component anew at each save; one without a configuration is none.
fn resource(fields: &mut Fields) -> Result<Option<String>> {
    let Some(text) = fields.text("filter_resource")? else { return Ok(None) };
    let wrong = || Error::invalid("filter_resource", "the JSON text of a component");
    let component: Value = serde_json::from_str(&text).map_err(|_| wrong())?;
    check_text("filter_resource", &component)?;
    let config = &component["configuration"]["config"];
    let says_something = config.as_str().is_some_and(|c| !c.is_empty()) || config.is_object();
    Ok(says_something.then_some(text))
}

/// The bytes: base64, a list of numbers, or, up to 0.6, the file itself as text.
fn file(value: Value) -> Result<Option<Vec<u8>>> {
    match value {
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) => decoded(&text).map(Some),
        Value::Array(numbers) if numbers.is_empty() => Ok(None),
        Value::Array(numbers) => {
            let byte = |n: &Value| n.as_u64().and_then(|n| u8::try_from(n).ok());
            let bytes: Option<Vec<u8>> = numbers.iter().map(byte).collect();
            bytes.map(Some).ok_or_else(|| Error::invalid("filter_file", "numbers from 0 to 255"))
        }
        _ => Err(Error::invalid("filter_file", "the module as base64")),
    }
}

fn decoded(text: &str) -> Result<Vec<u8>> {
    const MAGIC: &[u8] = b"\0asm";
    if text.as_bytes().starts_with(MAGIC) {
        // A text has no place for most bytes; each that had none is one of these now.
        return match text.contains('\u{fffd}') {
            false => Ok(text.as_bytes().to_vec()),
            true => {
                let lost = "the module came as text and lost bytes on the way; this release of Meshery cannot \
                            send modules: import by URL, or upload here";
                Err(Error::invalid("filter_file", lost))
            }
        };
    }
    match LENIENT.decode(text) {
        Ok(bytes) if bytes.starts_with(MAGIC) => Ok(bytes),
        Ok(_) => {
            Err(Error::invalid("filter_file", "these bytes are not a Wasm module, which begins with \\0asm"))
        }
        Err(_) => {
            let neither =
                "neither base64 nor a Wasm module; only Wasm is kept here, configuration stands beside it";
            Err(Error::invalid("filter_file", neither))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> Result<Given> {
        Given::read(Fields(value.as_object().cloned().unwrap()))
    }

    #[test]
    fn what_a_server_fills_in_by_itself_says_nothing() {
        let given = read(json!({"name": "", "filter_file": null, "user_id": null, "visibility": "",
            "location": {"branch": "", "host": "", "path": "", "type": "local"}, "catalog_data": {},
            "filter_resource": "{\"id\":\"x\",\"configuration\":{\"config\":\"\"}}"}))
        .unwrap();
        assert!(given.id.is_none() && given.name.is_none() && given.file.is_none());
        let details = given.details;
        assert!(details.location.is_none() && details.catalog_data.is_none() && details.resource.is_none());
        assert!(given.visibility.is_none());
    }

    #[test]
    fn a_file_comes_in_three_ways_and_anything_else_is_refused_with_the_reason() {
        let module = json!([0, 97, 115, 109, 1, 0, 0, 0]);
        for file in [json!("AGFzbQEAAAA="), json!("AGFzbQEAAAA"), json!("\0asm\u{1}\0\0\0"), module] {
            let given = read(json!({"filterFile": file})).unwrap();
            assert_eq!(given.file.as_deref(), Some(&b"\0asm\x01\0\0\0"[..]));
        }
        for (file, said) in [
            (json!("apiVersion: v1"), "neither base64"),
            (json!("AAAA"), "not a Wasm module"),
            (json!("\0asm\u{fffd}"), "lost bytes"),
            (json!([256]), "0 to 255"),
            (json!({}), "base64"),
        ] {
            let error = read(json!({"filter_file": file})).err().unwrap().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
