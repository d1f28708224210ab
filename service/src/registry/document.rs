//! Manifests as documents: read strictly, so that no two readers can see different things in one
//! (a name twice, layers and manifests in one, another media type inside than outside), and never
//! written back. Knows no database.
use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use std::fmt;

pub const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// One that a manifest names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    pub media_type: String,
    pub digest: String,
    pub size: u64,
}

impl Descriptor {
    /// Layers that registries need not have.
    pub fn is_foreign(&self) -> bool {
        let foreign = [
            "application/vnd.oci.image.layer.nondistributable.",
            "application/vnd.docker.image.rootfs.foreign.",
        ];
        foreign.iter().any(|start| self.media_type.starts_with(start))
    }
}

/// What the registry needs to know of a manifest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    pub media_type: Option<String>,
    pub artifact_type: Option<String>,
    pub config: Option<Descriptor>,
    pub layers: Vec<Descriptor>,
    pub manifests: Vec<Descriptor>,
    pub subject: Option<Descriptor>,
    pub annotations: Option<Value>,
    /// It has `layers` or `config`: an image or an artifact, not an index.
    pub is_image: bool,
}

impl Document {
    /// As a list of referrers shows it.
    pub fn shown_type(&self) -> Option<&str> {
        let config = self.config.as_ref().filter(|_| self.is_image);
        self.artifact_type.as_deref().or(config.map(|c| c.media_type.as_str())).filter(|t| !t.is_empty())
    }
}

/// Why a body is no manifest.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault(pub String);

fn fault<T>(message: impl Into<String>) -> Result<T, Fault> {
    Err(Fault(message.into()))
}

/// As long as the name of any type may be.
const LONGEST: usize = 255;

/// Whether a manifest may be of this type: JSON by its name, which becomes a header of answers as it is.
pub fn is_kind(text: &str) -> bool {
    let word = |part: &str| {
        let good = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
        !part.is_empty() && part.bytes().all(good)
    };
    let json = text.ends_with("+json") || text == "application/json";
    json && text.len() <= LONGEST && text.split_once('/').is_some_and(|(kind, name)| word(kind) && word(name))
}

/// A manifest that was stored under its media type.
pub fn read(bytes: &[u8], media_type: &str) -> Result<Document, Fault> {
    read_as(bytes, Some(media_type.to_owned())).map(|(document, _)| document)
}

/// A manifest of the type that its sender named, else of the one that it says itself.
pub fn read_as(bytes: &[u8], sent: Option<String>) -> Result<(Document, String), Fault> {
    let Strict(value) =
        serde_json::from_slice(bytes).map_err(|e| Fault(format!("the manifest cannot be read: {e}")))?;
    let Value::Object(object) = value else { return fault("a manifest is a JSON object") };
    unambiguous(&object)?;
    let document = document(&object)?;
    let said = || document.media_type.clone().unwrap_or_else(|| IMAGE.to_owned());
    let media_type = sent.unwrap_or_else(said);
    if !is_kind(&media_type) {
        return fault("`mediaType` names no kind of manifest that is JSON");
    }
    if let Some(inside) = document.media_type.as_deref().filter(|inside| *inside != media_type) {
        return fault(format!(
            "`mediaType` is {inside:?} and Content-Type {media_type:?}: they must be the same"
        ));
    }
    consistent(&object, &document, &media_type)?;
    Ok((document, media_type))
}

/// Nothing that one reader would take for an image and another for an index.
fn consistent(object: &Map<String, Value>, document: &Document, media_type: &str) -> Result<(), Fault> {
    let index = media_type == INDEX || media_type == DOCKER_LIST;
    let image = media_type == IMAGE || media_type == DOCKER;
    match (image, index) {
        (true, _) if object.contains_key("manifests") => fault("an image manifest has no `manifests`"),
        (true, _) if document.config.is_none() => fault("`config` is missing"),
        (_, true) if object.contains_key("layers") || object.contains_key("config") => {
            fault("an index has neither `layers` nor `config`")
        }
        _ if object.contains_key("manifests") && object.contains_key("layers") => {
            fault("a manifest has `layers` or `manifests`, not both")
        }
        _ => Ok(()),
    }
}

/// Readers that take names in any case would choose among these.
fn unambiguous(object: &Map<String, Value>) -> Result<(), Fault> {
    let known = [
        "schemaVersion",
        "mediaType",
        "artifactType",
        "config",
        "layers",
        "manifests",
        "subject",
        "annotations",
    ];
    let odd = |key: &&String| known.iter().any(|k| k.eq_ignore_ascii_case(key) && *k != key.as_str());
    match object.keys().find(odd) {
        Some(key) => fault(format!("`{key}` differs from a name of the specification by its case only")),
        None => Ok(()),
    }
}

fn document(object: &Map<String, Value>) -> Result<Document, Fault> {
    match object.get("schemaVersion").and_then(Value::as_u64) {
        Some(2) => {}
        _ => return fault("`schemaVersion` is 2"),
    }
    let text = |name: &str| match object.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if text.len() <= LONGEST => Ok(Some(text.clone())),
        Some(_) => fault(format!("`{name}` is a text of up to {LONGEST} bytes")),
    };
    let annotations = match object.get("annotations") {
        None | Some(Value::Null) => None,
        Some(Value::Object(all)) if all.values().all(Value::is_string) => object.get("annotations").cloned(),
        Some(_) => return fault("`annotations` are texts by name"),
    };
    Ok(Document {
        media_type: text("mediaType")?.filter(|t| !t.is_empty()),
        artifact_type: text("artifactType")?.filter(|t| !t.is_empty()),
        config: one(object, "config")?,
        layers: many(object, "layers")?,
        manifests: many(object, "manifests")?,
        subject: one(object, "subject")?,
        annotations,
        is_image: object.contains_key("layers") || object.contains_key("config"),
    })
}

fn one(object: &Map<String, Value>, name: &str) -> Result<Option<Descriptor>, Fault> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => descriptor(value, name).map(Some),
    }
}

fn many(object: &Map<String, Value>, name: &str) -> Result<Vec<Descriptor>, Fault> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(vec![]),
        Some(Value::Array(all)) => all.iter().map(|value| descriptor(value, name)).collect(),
        Some(_) => fault(format!("`{name}` is a list")),
    }
}

fn descriptor(value: &Value, place: &str) -> Result<Descriptor, Fault> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let (Some(media_type), Some(digest), Some(size)) =
        (text("mediaType"), text("digest"), value.get("size").and_then(Value::as_u64))
    else {
        return fault(format!("`{place}`: a descriptor has `mediaType`, `digest` and `size`"));
    };
    if media_type.len() > LONGEST {
        return fault(format!("`{place}`: a media type has up to {LONGEST} bytes"));
    }
    if digest.parse::<super::name::Digest>().is_err() {
        return fault(format!("`{place}`: {digest:?} is no sha256 or sha512 digest"));
    }
    Ok(Descriptor { media_type, digest, size })
}

/// JSON in which no object has a name twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Strict)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }
    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<Value, E> {
        // PostgreSQL has no text with NUL, and no manifest has a use for it.
        if v.contains('\0') { Err(E::custom("texts must not contain NUL")) } else { Ok(v.into()) }
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut all = vec![];
        while let Some(Strict(value)) = seq.next_element()? {
            all.push(value);
        }
        Ok(Value::Array(all))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some((key, Strict(value))) = map.next_entry::<String, Strict>()? {
            if key.contains('\0') || all.insert(key.clone(), value).is_some() {
                return Err(serde::de::Error::custom(format!("the name {key:?} is there twice")));
            }
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"{"mediaType":"a/b","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":2}"#;

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        let good = format!(r#"{{"schemaVersion":2,"config":{CONFIG},"layers":[],"x":{{"y":[1,null]}}}}"#);
        assert!(read(good.as_bytes(), IMAGE).is_ok());
        let bad = [
            format!(r#"{{"schemaVersion":2,"config":{CONFIG},"layers":[],"layers":[]}}"#),
            format!(r#"{{"schemaVersion":2,"config":{CONFIG},"layers":[],"x":{{"a":1,"a":2}}}}"#),
            format!(r#"{{"schemaVersion":2,"config":{CONFIG},"layers":[],"Layers":[]}}"#),
            format!(r#"{{"schemaVersion":2,"config":{CONFIG},"layers":[],"manifests":[]}}"#),
            format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","config":{CONFIG},"layers":[]}}"#),
            format!(r#"{{"schemaVersion":1,"config":{CONFIG},"layers":[]}}"#),
            r#"{"schemaVersion":2,"layers":[]}"#.to_owned(),
            "[]".to_owned(),
            "not JSON".to_owned(),
            format!(r#"{{"schemaVersion":2,"config":{CONFIG},"layers":[]}} x"#),
        ];
        for text in bad {
            assert!(read(text.as_bytes(), IMAGE).is_err(), "{text}");
        }
        let both = format!(r#"{{"schemaVersion":2,"manifests":[],"config":{CONFIG}}}"#);
        assert!(read(both.as_bytes(), INDEX).is_err());
        assert!(read(br#"{"schemaVersion":2,"manifests":[]}"#, INDEX).is_ok());
    }

    #[test]
    fn kinds_are_json_by_name_and_fit_into_a_header() {
        for good in [IMAGE, INDEX, DOCKER, DOCKER_LIST, "application/json", "a/b+json"] {
            assert!(is_kind(good), "{good}");
        }
        let long = format!("a/{}+json", "b".repeat(255));
        for bad in [
            "text/html",
            "+json",
            "/+json",
            "a/+json\n",
            "a/\n+json",
            "a/é+json",
            "a/b/c+json",
            "a b/c+json",
            &long,
        ] {
            assert!(!is_kind(bad), "{bad}");
        }
        let said = |kind: &str| format!(r#"{{"schemaVersion":2,"mediaType":"{kind}","manifests":[]}}"#);
        assert_eq!(read_as(said(INDEX).as_bytes(), None).map(|(_, kind)| kind), Ok(INDEX.to_owned()));
        assert!(read_as(said("text/html").as_bytes(), None).is_err());
        let silent = format!(r#"{{"schemaVersion":2,"config":{CONFIG}}}"#);
        assert_eq!(read_as(silent.as_bytes(), None).map(|(_, kind)| kind), Ok(IMAGE.to_owned()));
    }
}
