//! What may be said of a filter, and the rules for each field.
use crate::{
    error::{Error, Field, Result},
    text::is_plain_line,
};
use serde::{Deserialize, Deserializer};
use tamis_entities::value::{Example, Metadata, PluginType, Visibility};
use utoipa::{PartialSchema, ToSchema};

/// A field of a change: left out keeps, null clears, a value sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Patch<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<T> Patch<T> {
    pub fn apply(self, field: &mut Option<T>) {
        match self {
            Patch::Keep => {}
            Patch::Clear => *field = None,
            Patch::Set(value) => *field = Some(value),
        }
    }

    pub fn apply_or_default(self, field: &mut T)
    where
        T: Default,
    {
        match self {
            Patch::Keep => {}
            Patch::Clear => *field = T::default(),
            Patch::Set(value) => *field = value,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(d)?.map_or(Patch::Clear, Patch::Set))
    }
}

impl<T: ToSchema> PartialSchema for Patch<T>
where
    Option<T>: PartialSchema,
{
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        <Option<T> as PartialSchema>::schema()
    }
}
impl<T: ToSchema> ToSchema for Patch<T> where Option<T>: PartialSchema {}

/// The release-level fields of a change.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MetadataChange {
    /// `http`, `network` or `service`.
    #[serde(default, rename = "type")]
    #[schema(value_type = Option<PluginType>)]
    pub plugin_type: Patch<PluginType>,
    #[schema(value_type = Option<String>, max_length = 256)]
    #[serde(default)]
    pub root_id: Patch<String>,
    /// An SPDX licence expression.
    #[schema(value_type = Option<String>, example = "Apache-2.0", max_length = 256)]
    #[serde(default)]
    pub licence: Patch<String>,
    /// Markdown.
    #[schema(value_type = Option<String>, max_length = 262144)]
    #[serde(default)]
    pub readme: Patch<String>,
    /// JSON Schema of the plugin configuration.
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    pub config_schema: Patch<serde_json::Value>,
    /// A configuration that works.
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    pub config_sample: Patch<serde_json::Value>,
    #[schema(value_type = Option<String>, max_length = 128)]
    #[serde(default)]
    pub source_commit: Patch<String>,
    #[schema(value_type = Option<Vec<String>>, max_items = 64)]
    #[serde(default)]
    pub environment_keys: Patch<Vec<String>>,
    #[schema(value_type = Option<Vec<Example>>, max_items = 32)]
    #[serde(default)]
    pub examples: Patch<Vec<Example>>,
}

impl MetadataChange {
    pub fn apply(self, to: &mut Metadata) -> Result<()> {
        self.plugin_type.apply(&mut to.plugin_type);
        self.root_id.apply(&mut to.root_id);
        self.licence.apply(&mut to.licence);
        self.readme.apply(&mut to.readme);
        self.config_schema.apply(&mut to.config_schema);
        self.config_sample.apply(&mut to.config_sample);
        self.source_commit.apply(&mut to.source_commit);
        self.environment_keys.apply_or_default(&mut to.environment_keys);
        self.examples.apply_or_default(&mut to.examples);
        check_metadata(to)
    }
}

/// A change of a filter: its own fields, and under `defaults` what new releases start from.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterChange {
    #[schema(value_type = Option<String>, max_length = 255)]
    #[serde(default)]
    pub title: Patch<String>,
    /// One or two sentences, plain text.
    #[schema(value_type = Option<String>, max_length = 500)]
    #[serde(default)]
    pub summary: Patch<String>,
    #[serde(default)]
    pub visibility: Option<Visibility>,
    #[schema(value_type = Option<String>, example = "https://github.com/acme/header-guard", max_length = 500)]
    #[serde(default)]
    pub source_repository: Patch<String>,
    /// A `data:` URI of a PNG, JPEG, WebP or SVG picture of at most 64 KiB.
    #[schema(value_type = Option<String>, max_length = 90000)]
    #[serde(default)]
    pub icon: Patch<String>,
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    #[serde(default)]
    pub labels: Patch<Vec<String>>,
    #[schema(value_type = Option<Vec<String>>, max_items = 5)]
    #[serde(default)]
    pub categories: Patch<Vec<String>>,
    /// What a new release starts from; releases that exist do not change.
    #[serde(default)]
    pub defaults: MetadataChange,
}

/// Collects what is wrong, so that one answer names every field.
#[derive(Default)]
pub struct Checks(Vec<Field>);

impl Checks {
    pub fn expect(&mut self, ok: bool, field: &str, message: &str) {
        if !ok {
            self.0.push(Field { field: field.to_owned(), message: message.to_owned() });
        }
    }

    fn at_most(&mut self, text: Option<&str>, limit: usize, field: &str) {
        self.expect(text.is_none_or(|t| t.len() <= limit), field, &format!("at most {limit} bytes"));
    }

    pub fn done(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::invalid_fields(self.0)) }
    }
}

/// How deep a JSON value may nest. The columns that hold one add a few levels of their own,
/// and reading them back stops at 128.
const DEEPEST: usize = 64;

fn is_deeper(value: &serde_json::Value, levels: usize) -> bool {
    match value {
        serde_json::Value::Array(items) => levels == 0 || items.iter().any(|v| is_deeper(v, levels - 1)),
        serde_json::Value::Object(fields) => levels == 0 || fields.values().any(|v| is_deeper(v, levels - 1)),
        _ => false,
    }
}

pub fn check_metadata(m: &Metadata) -> Result<()> {
    let mut checks = Checks::default();
    for (field, value) in [("config_schema", &m.config_schema), ("config_sample", &m.config_sample)] {
        let shallow = value.as_ref().is_none_or(|v| !is_deeper(v, DEEPEST));
        checks.expect(shallow, field, &format!("nested at most {DEEPEST} levels deep"));
    }
    checks.at_most(m.root_id.as_deref(), 256, "root_id");
    checks.at_most(m.readme.as_deref(), 256 * 1024, "readme");
    checks.at_most(m.source_commit.as_deref(), 128, "source_commit");
    if let Some(licence) = &m.licence {
        checks.at_most(Some(licence), 256, "licence");
        if let Err(error) = spdx::Expression::parse(licence) {
            let message =
                format!("not an SPDX licence expression such as `Apache-2.0 OR MIT`: {}", error.reason);
            checks.expect(false, "licence", &message);
        }
    }
    let json_size = |v: &Option<serde_json::Value>| v.as_ref().map_or(0, |v| v.to_string().len());
    checks.expect(json_size(&m.config_schema) <= 256 * 1024, "config_schema", "at most 256 KiB");
    checks.expect(json_size(&m.config_sample) <= 64 * 1024, "config_sample", "at most 64 KiB");
    let object = m.config_schema.as_ref().is_none_or(|s| s.is_object() || s.is_boolean());
    checks.expect(object, "config_schema", "a JSON Schema is an object (or true or false)");
    let key_ok = |k: &String| {
        !k.is_empty() && k.len() <= 128 && k.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    checks.expect(m.environment_keys.len() <= 64, "environment_keys", "at most 64");
    checks.expect(
        m.environment_keys.iter().all(key_ok),
        "environment_keys",
        "names of letters, digits and `_`",
    );
    checks.expect(m.examples.len() <= 32, "examples", "at most 32");
    let example_ok = |e: &Example| !e.title.is_empty() && e.title.len() <= 200 && e.body.len() <= 16 * 1024;
    checks.expect(
        m.examples.iter().all(example_ok),
        "examples",
        "a title of 1-200 bytes and a body of at most 16 KiB each",
    );
    checks.done()
}

/// Labels and categories: lower case, sorted, no doubles.
pub fn words(field: &str, given: Vec<String>, most: usize) -> Result<Vec<String>> {
    let mut words: Vec<String> = given.into_iter().map(|w| w.trim().to_lowercase()).collect();
    words.sort();
    words.dedup();
    let word_ok = |w: &String| {
        (1..=50).contains(&w.len())
            && w.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ' | '/'))
    };
    let mut checks = Checks::default();
    checks.expect(words.len() <= most, field, &format!("at most {most}"));
    checks.expect(
        words.iter().all(word_ok),
        field,
        "1-50 letters, digits, `-`, `_`, `.`, `/` or spaces each",
    );
    checks.done()?;
    Ok(words)
}

pub fn check_texts(title: &str, summary: &str, repository: Option<&str>, icon: Option<&str>) -> Result<()> {
    let mut checks = Checks::default();
    // As many as Meshery's schema has room for.
    checks.expect(title.chars().count() <= 255, "title", "at most 255 characters");
    checks.at_most(Some(summary), 500, "summary");
    for (text, field) in [(title, "title"), (summary, "summary")] {
        checks.expect(is_plain_line(text), field, "no control characters, and none that hide or turn text");
    }
    if let Some(repository) = repository {
        checks.at_most(Some(repository), 500, "source_repository");
        let web = url::Url::parse(repository)
            .is_ok_and(|u| matches!(u.scheme(), "https" | "http") && u.username().is_empty());
        checks.expect(web, "source_repository", "an http or https URL without a user name");
    }
    if let Some(icon) = icon {
        checks.at_most(Some(icon), 90_000, "icon");
        let kinds = ["png", "jpeg", "webp", "svg+xml"];
        let known = kinds.iter().any(|k| icon.starts_with(&format!("data:image/{k};base64,")));
        checks.expect(known, "icon", "a `data:image/…;base64,` URI of a PNG, JPEG, WebP or SVG");
    }
    checks.done()
}
