//! Uploads from browsers: `multipart/form-data` with a `version`, the metadata as JSON text
//! fields, and the `module` file, which is streamed like any other upload.
use crate::{
    error::{Error, Result},
    filters::change::MetadataChange,
    http::body,
    modules::spool::{self, Spooled},
    state::State,
};
use actix_multipart::{Field, Multipart};
use futures_util::StreamExt;
use tamis_entities::value::Version;
use utoipa::ToSchema;

const MOST_PARTS: usize = 16;
const MOST_TEXT: usize = 512 * 1024;

/// The parts, for the document; they are read by hand so that the file is never in memory.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the form")]
pub struct UploadForm {
    /// SemVer, e.g. `1.2.0`.
    version: String,
    /// JSON, as in a change of a release.
    metadata: Option<String>,
    /// The wasm bytes.
    #[schema(value_type = String, format = Binary)]
    module: Vec<u8>,
}

pub struct Form {
    pub version: Version,
    pub change: MetadataChange,
    pub module: Spooled,
}

pub async fn read(state: &State, mut form: Multipart) -> Result<Form> {
    let (mut version, mut change, mut module) = (None, None, None);
    let mut parts = 0;
    while let Some(field) = form.next().await {
        let mut field =
            field.map_err(|e| Error::invalid("body", format!("not a form that can be read: {e}")))?;
        parts += 1;
        if parts > MOST_PARTS {
            return Err(Error::invalid("body", "too many parts"));
        }
        let name = field.name().unwrap_or_default().to_owned();
        let again = match name.as_str() {
            "version" => version.replace(text(&mut field, &name).await?).is_some(),
            "metadata" => {
                let json = text(&mut field, &name).await?;
                change.replace(body::parse_field(&name, json.as_bytes())?).is_some()
            }
            "module" if module.is_some() => true,
            "module" => module.replace(spool::receive_as(state, &mut field, &name).await?).is_some(),
            _ => {
                return Err(Error::invalid(
                    &printable(&name),
                    "unknown part; the parts are version, metadata and module",
                ));
            }
        };
        if again {
            return Err(Error::invalid(&name, "sent twice"));
        }
    }
    let version = version.ok_or_else(|| Error::invalid("version", "missing"))?;
    Ok(Form {
        version: version
            .trim()
            .parse()
            .map_err(|e: tamis_entities::value::Invalid| Error::invalid("version", e.to_string()))?,
        change: change.unwrap_or_default(),
        module: module.ok_or_else(|| Error::invalid("module", "missing; send the wasm file in this part"))?,
    })
}

async fn text(field: &mut Field, name: &str) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.next().await {
        let chunk = chunk.map_err(|e| Error::invalid("body", e.to_string()))?;
        if bytes.len() + chunk.len() > MOST_TEXT {
            return Err(Error::invalid(name, "a text part is at most 512 KiB"));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| Error::invalid("body", "text parts are UTF-8"))
}

fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}
